/** A JSON object whose members are not known yet. */
export type Members = Readonly<Record<string, unknown>>;

const DEEPEST = 64;

/**
 * The value of a text that is canonical JSON (RFC 8785); undefined for any other text, so that a value has one spelling
 * only. White space, doubled keys, other escapes and other numbers are all refused by comparing the text written anew.
 */
export function parseCanonical(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isWrittenInOrder(text, value) || canonicalText(value) === text ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/** An object from its canonical text; undefined when it is not one. */
export function parseCanonicalObject(text: string): Members | undefined {
  const value = parseCanonical(text)?.value;
  return isObject(value) ? value : undefined;
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The canonical text of a JSON value.
 *
 * @throws TypeError when it has none: a number that is not finite, or half of a surrogate pair.
 */
export function canonicalText(value: unknown, depth = 0): string {
  if (depth > DEEPEST) throw new TypeError('nested too deeply');
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('not a finite number');
  if (Array.isArray(value)) return `[${value.map((item) => canonicalText(item, depth + 1)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${quoted(key)}:${canonicalText(value[key], depth + 1)}`);
  return `{${members.join(',')}}`;
}

/**
 * The short way to the usual answer: what JSON.stringify writes back unchanged with every object's keys in order is
 * canonical. (Not so for keys that look like indexes, which JavaScript puts in an order of its own, nor for halves of
 * surrogate pairs, which can only stand there escaped.)
 */
function isWrittenInOrder(text: string, value: unknown): boolean {
  return !text.includes('\\ud') && hasKeysInOrder(value, 0) && JSON.stringify(value) === text;
}

function hasKeysInOrder(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > DEEPEST) return false;
  if (Array.isArray(value)) return value.every((item) => hasKeysInOrder(item, depth + 1));
  let previous: string | undefined;
  // What comes out of JSON.parse inherits nothing, and a list of the keys would be made for each object.
  for (const key in value) {
    if (previous !== undefined && key <= previous) return false;
    if (!hasKeysInOrder((value as Members)[key], depth + 1)) return false;
    previous = key;
  }
  return true;
}

function quoted(text: string): string {
  // With the flag u, whole pairs are one character: only halves are found.
  if (/[\ud800-\udfff]/u.test(text)) throw new TypeError('half of a surrogate pair');
  return JSON.stringify(text);
}
