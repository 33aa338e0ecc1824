/** A delivered message as a person reads it. */
export interface EmlPreview {
  /** Header fields in their order, decoded. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly text: string;
}

/** Reads a single-part text message well enough to show it; it is no mail reader. */
export function previewEml(content: string): EmlPreview {
  const [head = '', ...rest] = content.split(/\r?\n\r?\n/);
  const headers = head
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .map(
      (line) =>
        [line.slice(0, line.indexOf(':')), decodeWords(line.slice(line.indexOf(':') + 1).trim())] as const,
    );
  const encoding = headers
    .find(([name]) => name.toLowerCase() === 'content-transfer-encoding')?.[1]
    .toLowerCase();
  return { headers, text: decodeBody(rest.join('\n\n'), encoding).replaceAll('\r\n', '\n').trimEnd() };
}

/** Decodes the encoded words of RFC 2047; white space between two of them is not part of the text. */
function decodeWords(value: string): string {
  return value
    .replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_whole, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString()
        : decodeQuoted(text.replaceAll('_', ' ')),
    );
}

function decodeBody(body: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  if (encoding === 'quoted-printable') return decodeQuoted(body.replaceAll(/=\r?\n/g, ''));
  return body;
}

function decodeQuoted(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
