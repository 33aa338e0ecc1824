import { inflateSync } from 'node:zlib';

/**
 * The text of each page of a PDF as pdfmake writes it: deflated content streams with glyphs of embedded fonts, and for
 * each font a table from glyphs to characters.
 */
export function textOfPdf(pdf: Buffer): string[] {
  const objects = objectsOf(pdf);
  return [...objects.values()]
    .filter(({ head }) => /\/Type \/Page\b(?!s)/.test(head))
    .map(({ head }) => {
      const fonts = fontsOf(reference(head, 'Resources', objects)?.head ?? '', objects);
      return pageText(reference(head, 'Contents', objects)?.stream.toString('latin1') ?? '', fonts);
    });
}

interface PdfObject {
  readonly head: string;
  readonly stream: Buffer;
}

type Objects = ReadonlyMap<string, PdfObject>;

function objectsOf(pdf: Buffer): Objects {
  const text = pdf.toString('latin1');
  return new Map(
    [...text.matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g)].map(([, id = '', body = '']) => {
      const [head = '', rest = ''] = body.split('stream\n', 2);
      const data = Buffer.from(rest.slice(0, rest.lastIndexOf('\nendstream')), 'latin1');
      const stream = /\/FlateDecode/.test(head) && data.length > 0 ? inflateSync(data) : data;
      return [id, { head, stream }];
    }),
  );
}

function reference(head: string, name: string, objects: Objects): PdfObject | undefined {
  const id = new RegExp(`/${name} (\\d+) 0 R`).exec(head)?.[1];
  return id === undefined ? undefined : objects.get(id);
}

/** By the name that pages give them: what each glyph stands for. */
function fontsOf(resources: string, objects: Objects): Map<string, Map<string, string>> {
  const fonts = new Map<string, Map<string, string>>();
  for (const [, name = '', id = ''] of resources.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
    const table =
      reference(objects.get(id)?.head ?? '', 'ToUnicode', objects)?.stream.toString('latin1') ?? '';
    const characters = [...table.matchAll(/<([0-9a-f]{4}(?: [0-9a-f]{4})*|[0-9a-f]*)>/gi)];
    const listed = /beginbfrange([\s\S]*?)endbfrange/.exec(table)?.[1] ?? characters.join('');
    const glyphs = new Map<string, string>();
    for (const [, first = '', , list = ''] of listed.matchAll(/<([0-9a-f]+)> <([0-9a-f]+)> \[([^\]]*)\]/gi)) {
      [...list.matchAll(/<([^>]*)>/g)].forEach(([, hex = ''], index) => {
        const glyph = (Number.parseInt(first, 16) + index).toString(16).padStart(4, '0');
        glyphs.set(glyph, Buffer.from(hex.replaceAll(' ', ''), 'hex').swap16().toString('utf16le'));
      });
    }
    fonts.set(name, glyphs);
  }
  return fonts;
}

/** What stands at one height is a line; what stands in other columns follows without a space. */
function pageText(content: string, fonts: ReadonlyMap<string, ReadonlyMap<string, string>>): string {
  let font: ReadonlyMap<string, string> = new Map();
  let height = '';
  let text = '';
  for (const [line] of content.matchAll(/.+/g)) {
    const place = /^1 0 0 1 \S+ (\S+) Tm$/.exec(line)?.[1];
    if (place !== undefined && place !== height) {
      height = place;
      text += '\n';
    }
    const named = /^\/(F\d+) \S+ Tf$/.exec(line)?.[1];
    if (named) font = fonts.get(named) ?? new Map();
    if (!line.endsWith('TJ')) continue;
    for (const [, glyphs = ''] of line.matchAll(/<([0-9a-f]+)>/gi)) {
      for (const glyph of glyphs.match(/.{4}/g) ?? []) text += font.get(glyph.toLowerCase()) ?? '?';
    }
  }
  return text;
}
