import { type DigitGroup, digitRuns, digitsOf } from './digit-runs.js';
import type { Finding } from './finding.js';
import { nameParts, nameVariants, writingsOf } from './person-names.js';
import { type Word, wordsOf } from './words.js';

/** A value known to belong to somebody before any text is read. */
export interface KnownIdentity {
  readonly subjectRef: string;
  readonly entity: string;
  readonly value: string;
}

/** A known value found in a text. */
export interface IdentityMatch extends Finding {
  /** Everybody the value belongs to; never empty. */
  readonly subjects: ReadonlySet<string>;
  /** Whether it is one word of a name rather than a whole value. */
  readonly part: boolean;
}

const MIN_CHARACTERS = 5;
const MIN_PHONE_DIGITS = 7;
const MAX_PHONE_DIGITS = 18;
const MAX_PHONE_LENGTH = 40;
/** As many digits at the end make two writings of a telephone number the same, whatever prefix they have. */
const PHONE_KEY_DIGITS = 7;
const MAX_WORDS = 64;

/**
 * Finds known values wherever they stand: in any case, over line breaks and repeated blanks, at word boundaries
 * of any script. Telephone numbers are found in other groupings and with or without their prefix.
 *
 * The values form one tree of words, so a text is read once however many values there are.
 */
export class KnownIdentities {
  private readonly root = new Map<string, Node>();
  private readonly phones = new Map<string, PhoneIdentity[]>();

  /** Adds a value; the same one again changes nothing. */
  add(identity: KnownIdentity): void {
    const { subjectRef, entity, value } = identity;
    if (entity === 'PERSON') return this.addName(subjectRef, value);
    if (entity === 'GIVEN_NAME' || entity === 'FAMILY_NAME') return this.addPart(subjectRef, entity, value);
    if (entity === 'EMAIL' || isTelling(value)) this.addPath(value, entity, subjectRef);
    if (entity === 'PHONE') this.addPhone(subjectRef, value);
  }

  /** Every known value in the text, in text order, longest first where several begin together. */
  find(text: string): IdentityMatch[] {
    if (this.root.size === 0) return [];
    const matches: IdentityMatch[] = [];
    const words = wordsOf(text);
    for (let index = 0; index < words.length; index++) {
      const match = this.matchAt(text, words, index);
      if (!match) continue;
      matches.push(match);
      while ((words[index + 1]?.start ?? Infinity) < match.end) index++;
    }
    return this.phones.size === 0 ? matches : [...matches, ...this.findPhones(text)];
  }

  private addName(subjectRef: string, name: string): void {
    // A name of one word is looked for as it is written only: in other writings it may be an ordinary word.
    if (isOneCasedWord(name)) return this.addPart(subjectRef, 'PERSON', name.trim());
    for (const variant of nameVariants(name)) this.addPath(variant, 'PERSON', subjectRef);
    for (const { entity, value } of nameParts(name)) this.addPart(subjectRef, entity, value);
  }

  private addPart(subjectRef: string, entity: string, value: string): void {
    const node = this.pathTo(value);
    if (!node) return;
    node.parts ??= new Map();
    for (const writing of writingsOf(value)) join(node.parts, writing.normalize('NFC'), entity, subjectRef);
  }

  private addPath(value: string, entity: string, subjectRef: string): void {
    const node = this.pathTo(value);
    if (!node) return;
    node.whole ??= new Map();
    join(node.whole, entity, entity, subjectRef);
  }

  private pathTo(value: string): Node | undefined {
    const words = wordsOf(value);
    const first = words[0];
    if (!first || words.length > MAX_WORDS) return undefined;
    let node = child(this.root, first.folded);
    for (const word of words.slice(1)) node = child((node.children ??= new Map()), word.edge);
    return node;
  }

  private matchAt(text: string, words: readonly Word[], index: number): IdentityMatch | undefined {
    const first = words[index];
    if (!first) return undefined;
    let node = this.root.get(first.folded);
    let best: IdentityMatch | undefined;
    for (let last = index; node; last++) {
      best = ending(text, node, first.start, words[last]?.end ?? first.end) ?? best;
      const next = words[last + 1];
      node = next && node.children?.get(next.edge);
    }
    return best;
  }

  private addPhone(subjectRef: string, value: string): void {
    const digits = digitsOf(value);
    if (digits.length < MIN_PHONE_DIGITS) return;
    const key = digits.slice(-PHONE_KEY_DIGITS);
    const known = this.phones.get(key) ?? [];
    const same = known.find((phone) => phone.digits === digits);
    if (same) same.subjects.add(subjectRef);
    else known.push({ digits, subjects: new Set([subjectRef]) });
    this.phones.set(key, known);
  }

  private findPhones(text: string): IdentityMatch[] {
    const matches: IdentityMatch[] = [];
    for (const { groups } of digitRuns(text, MIN_PHONE_DIGITS)) {
      for (let index = 0; index < groups.length; index++) {
        const [match, count] = this.phoneAt(text, groups, index);
        if (!match) continue;
        matches.push(match);
        index += count - 1;
      }
    }
    return matches;
  }

  /** The longest known number that begins with a group of digits, and how many groups it takes. */
  private phoneAt(
    text: string,
    groups: readonly DigitGroup[],
    index: number,
  ): [IdentityMatch | undefined, number] {
    const start = groups[index]?.start ?? 0;
    let digits = '';
    let best: [IdentityMatch | undefined, number] = [undefined, 1];
    for (let last = index; digits.length <= MAX_PHONE_DIGITS && last < groups.length; last++) {
      const end = groups[last]?.end ?? start;
      if (end - start > MAX_PHONE_LENGTH) break;
      digits += text.slice(groups[last]?.start, end);
      const known = this.phones.get(digits.slice(-PHONE_KEY_DIGITS));
      const phone = known?.find((one) => isSameNumber(one.digits, digits));
      if (!phone) continue;
      const opening = /[+(]{1,2}$/.exec(text.slice(Math.max(0, start - 2), start))?.[0].length ?? 0;
      const { subjects } = phone;
      best = [
        { entity: 'PHONE', start: start - opening, end, score: 1, subjects, part: false },
        last - index + 1,
      ];
    }
    return best;
  }
}

/** Short numbers (post codes, years) and single words (towns) stand in ordinary text too; they name nobody there. */
function isTelling(value: string): boolean {
  const characters = value.replace(/[^\p{L}\p{N}]+/gu, '');
  if (/^\d*$/.test(characters)) return characters.length >= MIN_PHONE_DIGITS;
  return characters.length >= MIN_CHARACTERS && (/\d/.test(characters) || /\S\s+\S/.test(value.trim()));
}

function isOneCasedWord(name: string): boolean {
  return !/\s/.test(name.trim()) && name.toLowerCase() !== name.toUpperCase();
}

interface Node {
  children?: Map<string, Node>;
  /** Values that end here, by entity. */
  whole?: Map<string, Owners>;
  /** Words of names that end here, by the exact writing. */
  parts?: Map<string, Owners>;
}

interface Owners {
  readonly entity: string;
  readonly subjects: Set<string>;
}

interface PhoneIdentity {
  readonly digits: string;
  readonly subjects: Set<string>;
}

function child(nodes: Map<string, Node>, key: string): Node {
  let node = nodes.get(key);
  if (!node) nodes.set(key, (node = {}));
  return node;
}

function join(owners: Map<string, Owners>, key: string, entity: string, subjectRef: string): void {
  const present = owners.get(key);
  if (present) present.subjects.add(subjectRef);
  else owners.set(key, { entity, subjects: new Set([subjectRef]) });
}

function ending(text: string, node: Node, start: number, end: number): IdentityMatch | undefined {
  const whole = node.whole?.values().next().value;
  if (whole) return { ...whole, start, end, score: 1, part: false };
  const part = node.parts?.get(text.slice(start, end).normalize('NFC'));
  return part && { ...part, start, end, score: 1, part: true };
}

/** `0171 …` and `+49 171 …`: equal behind the trunk zero or the country code. */
function isSameNumber(a: string, b: string): boolean {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const national = short.replace(/^0+/, '');
  return (
    long === short ||
    (national.length >= PHONE_KEY_DIGITS && long.endsWith(national) && long.length - national.length <= 5)
  );
}
