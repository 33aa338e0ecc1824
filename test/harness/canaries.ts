/** A value that must not be found, and what it is. */
export interface Canary {
  readonly label: string;
  readonly value: string;
}

/** Shorter pieces of base64 and hexadecimal occur in random bytes by chance. */
const LEAST_ENCODED = 8;

/** Looks for values in everything a program has left behind, in each writing it may have left them in. */
export class CanarySearch {
  private readonly needles: readonly Needle[];

  constructor(canaries: readonly Canary[]) {
    this.needles = canaries.flatMap(({ label, value }) =>
      writingsOf(value).map((writing) => Object.assign(writing, { label })),
    );
  }

  /** What was found, as `whose what (in which writing): …its surroundings…`. */
  findIn(text: string): string[] {
    const folded = text.toLowerCase();
    return this.needles.flatMap(({ label, writing, needle, exact }) => {
      const at = (exact ? text : folded).indexOf(needle);
      return at < 0 ? [] : [`${label} (${writing}): …${text.slice(Math.max(0, at - 80), at + 120)}…`];
    });
  }
}

interface Needle extends Writing {
  readonly label: string;
}

interface Writing {
  readonly writing: string;
  readonly needle: string;
  /** Whether letter case matters. */
  readonly exact: boolean;
}

function writingsOf(value: string): Writing[] {
  const texts = [...new Set([value, value.normalize('NFC'), value.normalize('NFD')])];
  const folded = texts.flatMap((text) => [
    ['plain', text],
    ['JSON', JSON.stringify(text).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(text)).slice(3, -3)],
    ['JSON in ASCII', inAscii(JSON.stringify(text).slice(1, -1))],
    ['URL', encodeURIComponent(text)],
    ['form', encodeURIComponent(text).replaceAll('%20', '+')],
  ]);
  const bytes = texts
    .flatMap((text) => [text, text.toLowerCase()])
    .flatMap((text) =>
      base64Of(text)
        .map((encoded) => ['base64', encoded])
        .concat([['hexadecimal', Buffer.from(text).toString('hex')]]),
    );
  return [
    ...folded.map(([writing = '', needle = '']) => ({ writing, needle: needle.toLowerCase(), exact: false })),
    ...bytes
      .map(([writing = '', needle = '']) => ({ writing, needle, exact: true }))
      .filter(({ needle }) => needle.length >= LEAST_ENCODED),
  ].filter(isFirst);
}

/** The characters of base64 that a text yields wherever it begins in what was encoded. */
function base64Of(text: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
    const encoded = bytes.toString('base64').replace(/=+$/, '');
    // The characters at the edges depend on what stands before and after.
    const own = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function inAscii(text: string): string {
  return text.replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isFirst(writing: Writing, index: number, all: readonly Writing[]): boolean {
  return all.findIndex(({ needle, exact }) => needle === writing.needle && exact === writing.exact) === index;
}
