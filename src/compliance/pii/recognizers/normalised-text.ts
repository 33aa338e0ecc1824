/** A text as a reader sees it, and where each of its characters stands in the text as written. */
export interface NormalisedText {
  readonly text: string;
  /** The span of the written text behind a span of this one. */
  toWritten(start: number, end: number): { readonly start: number; readonly end: number };
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly writtenStart: number;
  readonly writtenEnd: number;
}

/** What stands for the signs of an address: HTML and percent encoding, `[at]`, `name at host dot com`. */
export const DISGUISE = /&[#a-z]|%[2-7]|[[({](?:\.|dot|at|@)[\])}]| dot /i;
/** Most texts are what they look like: this decides in one quick look. */
const SUSPICIOUS = new RegExp(`[^\\x00-\\x7f]|${DISGUISE.source}|(?:\\d[ .]){8}`, 'i');

const INVISIBLE =
  '[\\u00ad\\u034f\\u061c\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufe00-\\ufe0f\\ufeff\\u{e0000}-\\u{e007f}]+';
/** Cyrillic and Greek letters that look like Latin ones, in the order of what they look like. */
const LOOKALIKES = 'аеорсухіѕјԁһАВЕКМНОРСТХІЅЈαονρτΑΒΕΖΗΙΚΜΝΟΡΤΥΧ';
const LATIN = 'aeopcyxisjdhABEKMHOPCTXISJaovptABEZHIKMNOPTYX';
const ENTITIES: Readonly<Record<string, string>> = {
  commat: '@',
  period: '.',
  nbsp: ' ',
  hyphen: '-',
  dash: '-',
  plus: '+',
  lowbar: '_',
  colon: ':',
  lpar: '(',
  rpar: ')',
};
const LABEL = '[A-Za-z0-9\\-]{1,63}';
const TOP = '(?:com|org|net|edu|gov|info|io|dev|app|ai|eu|[a-z]{2})';

const EDITS = new RegExp(
  [
    `(?<invisible>${INVISIBLE})`,
    '(?<wide>[\\uff01-\\uff5e])',
    '(?<digit>[\\p{Nd}--[0-9\\uff10-\\uff19]])',
    '(?<space>[\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000])',
    '(?<dash>[\\u2010-\\u2015\\u2212\\ufe58\\ufe63])',
    '(?<styled>[\\u{1d400}-\\u{1d7ff}\\u{24b6}-\\u{24e9}])',
    `(?<lookalike>[${LOOKALIKES}](?:(?<=[A-Za-z].)|(?=[A-Za-z])))`,
    '&(?:#(?<decimal>\\d{2,3})|#[xX](?<hex>[0-9a-fA-F]{2})|(?<entity>[a-z]{4,6}));',
    '%(?<percent>[2-7][0-9a-fA-F])',
    ' ?[\\[\\(\\{](?<sign>\\.|@|[aA][tT]|[dD][oO][tT])[\\]\\)\\}] ?',
    `(?<words>(?<![A-Za-z0-9._+\\-])[A-Za-z0-9._+\\-]{1,64}(?: dot [A-Za-z0-9_+\\-]{1,32}){0,3} at ${LABEL}(?: dot ${LABEL}){0,4} dot ${TOP}(?![A-Za-z0-9]))`,
    '(?<spaced>(?<![\\d.,])(?:(?:\\d ){8,18}|(?:\\d\\.){8,18})\\d(?![ .]?\\d))',
  ].join('|'),
  'gv',
);

/**
 * Undoes what hides a value from patterns and not from people: invisible characters, digits and letters of other
 * kinds, HTML and percent encoding, `[.]`, `name at host dot com`, digits set apart.
 *
 * @returns nothing when the text is what it looks like.
 */
export function normalise(written: string): NormalisedText | undefined {
  if (!SUSPICIOUS.test(written)) return undefined;
  const edits: Edit[] = [];
  let text = '';
  let position = 0;
  for (const match of written.matchAll(EDITS)) {
    const replacement = plainOf(match[0], match.groups ?? {});
    if (replacement === undefined) continue;
    text += written.slice(position, match.index);
    const start = text.length;
    text += replacement;
    position = match.index + match[0].length;
    edits.push({ start, end: text.length, writtenStart: match.index, writtenEnd: position });
  }
  if (edits.length === 0) return undefined;
  text += written.slice(position);
  return {
    text,
    toWritten: (start, end) => ({ start: writtenStart(edits, start), end: writtenEnd(edits, end) }),
  };
}

function plainOf(written: string, groups: Readonly<Record<string, string | undefined>>): string | undefined {
  const { digit, lookalike, entity, percent, sign } = groups;
  if (groups['invisible'] !== undefined) return '';
  if (groups['wide'] !== undefined) return String.fromCharCode(written.charCodeAt(0) - 0xfee0);
  if (digit !== undefined) return digitValue(digit.codePointAt(0) ?? 0);
  if (groups['space'] !== undefined) return ' ';
  if (groups['dash'] !== undefined) return '-';
  if (groups['styled'] !== undefined) return written.normalize('NFKC');
  if (lookalike !== undefined) return LATIN[LOOKALIKES.indexOf(lookalike)];
  if (entity !== undefined) return ENTITIES[entity];
  if (groups['decimal'] !== undefined) return printable(Number(groups['decimal']));
  if (groups['hex'] !== undefined) return printable(Number.parseInt(groups['hex'], 16));
  if (percent !== undefined) return printable(Number.parseInt(percent, 16));
  if (sign !== undefined) return /^(?:@|at)$/i.test(sign) ? '@' : '.';
  if (groups['words'] !== undefined) return written.replace(/ dot /gi, '.').replace(/ at /i, '@');
  return groups['spaced']?.replace(/[ .]/g, '');
}

function printable(code: number): string | undefined {
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : undefined;
}

const ANY_DIGIT = /^\p{Nd}$/u;

/** Digits of a script stand in a row, nought first. */
function digitValue(code: number): string {
  let value = 0;
  while (value < 9 && ANY_DIGIT.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}

function writtenStart(edits: readonly Edit[], position: number): number {
  const edit = lastAt(edits, position);
  if (!edit) return position;
  return position < edit.end ? edit.writtenStart : position - edit.end + edit.writtenEnd;
}

function writtenEnd(edits: readonly Edit[], position: number): number {
  const edit = lastAt(edits, position - 1);
  if (!edit) return position;
  return position <= edit.end ? edit.writtenEnd : position - edit.end + edit.writtenEnd;
}

/** The last edit that begins at a place or before it. */
function lastAt(edits: readonly Edit[], position: number): Edit | undefined {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edits[middle]?.start ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return edits[low - 1];
}
