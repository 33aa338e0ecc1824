/** Words that stand in names but name nobody on their own. */
const PARTICLES = new Set(
  (
    'von van der den del della dos das las los bin ibn abu ben mac san santa saint the and und auf zum zur ' +
    'mrs miss prof dame lady lord jun jnr phd esq'
  ).split(' '),
);
const HONORIFICS =
  /^(?:mr|mrs|ms|mx|miss|dr|prof|sir|dame|lady|lord|herr|frau|mme|mlle|m|sr|sra|srta|dott|ing|mag)\.?$/i;
const MIN_PART_LENGTH = 3;

/** The word to greet a person by: the first that is no title. */
export function givenNameOf(name: string): string {
  const words = name.trim().split(/\s+/);
  return words.find((word) => !HONORIFICS.test(word)) ?? name.trim();
}

/** The name in the other orders and lengths it is written in: `Doe, Jane`, `Jane Doe` for `Jane Marie Doe`. */
export function nameVariants(name: string): string[] {
  const words = name
    .trim()
    .split(/\s+/)
    .filter((word) => !HONORIFICS.test(word));
  const first = words[0];
  const last = words.at(-1);
  if (!first || !last || words.length < 2) return words.length === 1 && first ? [name, first] : [name];
  const variants = [
    name,
    words.join(' '),
    `${first} ${last}`,
    `${last}, ${first}`,
    `${words.slice(1).join(' ')}, ${first}`,
    `${last} ${first}`,
  ];
  // Chinese, Japanese and Korean names are written with and without a blank.
  if (/^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(name))
    variants.push(words.join(''));
  return [...new Set(variants)];
}

interface NamePart {
  readonly entity: 'GIVEN_NAME' | 'FAMILY_NAME';
  readonly value: string;
}

/** The single words of a name that identify on their own, each in the writings that are meant as a name. */
export function nameParts(name: string): NamePart[] {
  const given = givenNameOf(name);
  const words = name
    .trim()
    .split(/[\s,]+/)
    .filter((word) => !HONORIFICS.test(word));
  return words.flatMap((word) => {
    const entity = word === given ? 'GIVEN_NAME' : 'FAMILY_NAME';
    const pieces = word.includes('-') ? [word, ...word.split('-')] : [word];
    return pieces.filter(isTelling).map((value) => ({ entity, value }) as const);
  });
}

/** As given, or all in capitals; names given without capitals are looked for with one, for `will` is a word. */
export function writingsOf(part: string): string[] {
  const capitals = part.toUpperCase();
  const titled = part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase();
  if (part === part.toLowerCase() && part !== capitals) return [titled, capitals];
  return part === capitals ? [capitals, titled] : [part, capitals];
}

function isTelling(word: string): boolean {
  return word.length >= MIN_PART_LENGTH && /\p{L}{2}/u.test(word) && !PARTICLES.has(word.toLowerCase());
}
