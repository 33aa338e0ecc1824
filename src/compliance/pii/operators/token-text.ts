/** Digits of a token are few, so that no card number can pose as one. */
const NAME = '[A-Za-z][A-Za-z_]{0,40}(?:\\\\?_)\\d{1,7}';

/** A token as models return it: other case, blanks inside the brackets, an escaped underscore. */
const WRITTEN = new RegExp(`\u27e6\\s{0,3}(${NAME})\\s{0,3}\u27e7`, 'g');

/** The token brackets, and those that models like to put instead. */
const BRACKETS = [
  ['\u27e6', '\u27e7'],
  ['\u301a', '\u301b'],
  ['\u3010', '\u3011'],
  ['\\[\\[', '\\]\\]'],
  ['\\[', '\\]'],
  ['\\{\\{', '\\}\\}'],
] as const;

const MEANT_SOURCE = BRACKETS.map(([open, close]) => `${open}\\s{0,3}(${NAME})\\s{0,3}${close}`).join('|');
const MEANT = new RegExp(MEANT_SOURCE, 'g');
const MEANT_OR_BRACKET = new RegExp(`${MEANT_SOURCE}|[\u27e6\u27e7\u301a\u301b]`, 'g');

/** The written form of a token: `⟦EMAIL_1⟧`. */
export function writeToken(entity: string, index: number): string {
  return `\u27e6${entity}_${index}\u27e7`;
}

/** The number of a token. */
export function tokenIndex(token: string): number {
  return Number(/_(\d+)\u27e7$/.exec(token)?.[1]);
}

/**
 * The tokens that stand in a text, each once, in order of first appearance: all that {@link restoreText} would restore,
 * however it is written, so that nothing is restored that nobody has checked.
 */
export function tokensIn(text: string): string[] {
  const tokens = new Set<string>();
  for (const [, ...groups] of text.matchAll(MEANT)) tokens.add(canonical(nameIn(groups)));
  return [...tokens];
}

/** Where tokens stand in a text. */
export function tokenSpans(text: string): { start: number; end: number }[] {
  if (!text.includes('\u27e6')) return [];
  return Array.from(text.matchAll(WRITTEN), ({ index, 0: match }) => ({
    start: index,
    end: index + match.length,
  }));
}

/**
 * Puts values in the place of tokens. Tolerant of what models do to them: other case, blanks inside the brackets,
 * `[EMAIL_1]` or `{{EMAIL_1}}`. A token `valueOf` does not know stays as it is written. What a value contains is
 * not read again, so a value that looks like a token stays that value.
 */
export function restoreText(text: string, valueOf: (token: string) => string | undefined): string {
  return text.replace(
    MEANT,
    (written: string, ...groups: unknown[]) => valueOf(canonical(nameIn(groups))) ?? written,
  );
}

/** Replaces everything {@link restoreText} could take for a token, and every bracket a token could be made with. */
export function replaceLookalikes(text: string, replacement: (lookalike: string) => string): string {
  return text.replace(MEANT_OR_BRACKET, (lookalike: string) => replacement(lookalike));
}

function nameIn(groups: readonly unknown[]): string {
  return groups.find((group): group is string => typeof group === 'string') ?? '';
}

function canonical(name: string): string {
  return `\u27e6${name.replace('\\', '').toUpperCase()}\u27e7`;
}
