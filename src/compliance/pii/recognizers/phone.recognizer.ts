import { isValidPhoneNumber } from 'libphonenumber-js/max';
import { type DigitGroup, type DigitRun, digitRuns, digitsOf, layoutOf } from './digit-runs.js';
import type { Finding } from './finding.js';
import { PHONE_WORDS, TRUNK_ZERO_REGIONS } from './phone-text.js';
import type { Recognizer } from './recognizer.js';

const MIN_DIGITS = 7;
const MAX_DIGITS = 15;
const MAX_GROUPS = 9;

/**
 * Telephone numbers of all countries. Candidates are runs of digits in the shape of a number; libphonenumber
 * confirms those that name their country or look national. What only looks like one needs a word that says so.
 */
export const phoneRecognizer: Recognizer = {
  entity: 'PHONE',
  threshold: 0.5,
  digits: true,
  context: { words: PHONE_WORDS, boost: 0.3 },
  find(text) {
    const validator = new NumberingPlans();
    return digitRuns(text, MIN_DIGITS).flatMap((run) => phonesOf(text, run, validator));
  },
};

function phonesOf(text: string, run: DigitRun, validator: NumberingPlans): Finding[] {
  const whole = phoneAt(text, run.groups, validator);
  if (whole) return [whole];
  const findings: Finding[] = [];
  for (const part of partsOf(text, run.groups)) {
    const finding = phoneAt(text, part, validator);
    if (finding) findings.push(finding);
  }
  return findings;
}

/** A run too long for one number may hold several, or one behind a post code: numbers are written without blanks then. */
function partsOf(text: string, groups: readonly DigitGroup[]): DigitGroup[][] {
  const parts: DigitGroup[][] = [];
  let part: DigitGroup[] = [];
  for (const group of groups) {
    const previous = part.at(-1);
    if (previous && /[\s/]/.test(text.slice(previous.end, group.start))) {
      parts.push(part);
      part = [];
    }
    part.push(group);
  }
  return [...parts, part];
}

function phoneAt(
  text: string,
  groups: readonly DigitGroup[],
  validator: NumberingPlans,
): Finding | undefined {
  const first = groups[0];
  const last = groups.at(-1);
  if (!first || !last || groups.length > MAX_GROUPS || last.end - first.start < MIN_DIGITS) return undefined;
  const start = openingOf(text, first.start);
  const digits = digitsOf(text.slice(first.start, last.end));
  if (digits.length < MIN_DIGITS || digits.length > MAX_DIGITS) return undefined;
  const written = text.slice(start, last.end);
  if (isOtherNumber(text, start, last.end, written)) return undefined;
  const score = scoreOf(written, digits, groups, validator);
  if (score === 0) return undefined;
  return { entity: 'PHONE', start, end: extensionEnd(text, last.end), score };
}

/** `+`, `(` and `(+` in front belong to the number. */
function openingOf(text: string, start: number): number {
  let opening = start;
  while (opening > 0 && start - opening < 2 && '+(\uff0b'.includes(text[opening - 1] ?? ' ')) opening--;
  return opening;
}

const EXTENSION = /^(?:\s{0,2}(?:x|ext\.?|extension|;ext=|#|доб\.?|durchwahl)\s{0,2}\d{1,6})(?!\d)/i;

function extensionEnd(text: string, end: number): number {
  return end + (EXTENSION.exec(text.slice(end, end + 24))?.[0].length ?? 0);
}

const DATE_LIKE = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d{2})(?!\d)/;
const DOTTED_QUAD = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const DECIMAL = /^\d+\.\d+$/;

/** Dates, addresses, amounts and pieces of longer words are written with the same characters. */
function isOtherNumber(text: string, start: number, end: number, written: string): boolean {
  if (DATE_LIKE.test(written) || DOTTED_QUAD.test(written) || DECIMAL.test(written)) return true;
  const before = text[start - 1] ?? '';
  const behind = text.slice(end, end + 3);
  if (/[\p{Script=Latin}\p{N}_$€£¥₹]/u.test(before) || /^[.,]\d/.test(behind) || /^:\d/.test(behind))
    return true;
  if (/[-.#/@]/.test(before) && /[\p{L}\p{N}]/u.test(text[start - 2] ?? '') && !written.startsWith('+'))
    return true;
  return (
    /^(?:[\p{Script=Latin}_%€]|[-/][\p{L}\p{N}])/u.test(behind) &&
    !EXTENSION.test(text.slice(end, end + 24)) &&
    !/^-[A-Z][a-z]/.test(behind)
  );
}

const NORTH_AMERICAN = /^(?:1[-. ]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d([-. ]))[2-9]\d\d[-. ]\d{4}$/;

function scoreOf(
  written: string,
  digits: string,
  groups: readonly DigitGroup[],
  validator: NumberingPlans,
): number {
  const isGrouped = groups.length > 1;
  if (/^\(?[+\uff0b]/.test(written)) return validator.isInternational(digits) ? 0.9 : 0.35;
  if (digits.startsWith('00') && validator.isInternational(digits.slice(2))) return isGrouped ? 0.7 : 0.4;
  if (NORTH_AMERICAN.test(written)) {
    if (!validator.isNational(digits, ['US', 'CA'])) return 0.4;
    return written.includes('(') || written.includes('-') ? 0.75 : 0.6;
  }
  if (/^\(?0[1-9]/.test(written) && digits.length >= 9 && digits.length <= 12 && isGrouped) {
    if (validator.isNational(digits, TRUNK_ZERO_REGIONS)) return layoutOf(groups).length > 4 ? 0.6 : 0.5;
  }
  // Nothing but its length speaks for it: a number if the sentence says so.
  return digits.length <= 13 && (isGrouped || digits.length >= 8) ? 0.25 : 0.2;
}

/**
 * Asks libphonenumber, with a bound on how often: beyond it every number of the right shape counts as valid, so
 * that text made of numbers costs neither the event loop nor a miss.
 */
class NumberingPlans {
  private readonly known = new Map<string, boolean>();
  private asked = 0;

  isInternational(digits: string): boolean {
    return this.ask(
      `+${digits}`,
      () => isValidPhoneNumber(`+${withoutTrunkZero(digits)}`) || isValidPhoneNumber(`+${digits}`),
    );
  }

  isNational(digits: string, regions: readonly Parameters<typeof isValidPhoneNumber>[1][]): boolean {
    return this.ask(digits, () =>
      regions.some((region) => {
        this.asked++;
        return isValidPhoneNumber(digits, region);
      }),
    );
  }

  private ask(key: string, answer: () => boolean): boolean {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.asked++ > MAX_QUESTIONS) return true;
    const valid = answer();
    this.known.set(key, valid);
    return valid;
  }
}

const MAX_QUESTIONS = 1_500;

/** `+44 (0)20 …`: the trunk zero in brackets is not dialled from abroad. */
function withoutTrunkZero(digits: string): string {
  return /^(?:44|49|43|41|46|31|32|33|61|64|27|353|358|90)0/.test(digits)
    ? digits.replace(/^(\d{2}(?:[38](?=0))?)0/, '$1')
    : digits;
}
