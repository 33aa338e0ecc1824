/** Tells whether a text names a person. */
export type IsNamed = (text: string) => boolean;

/** Whether a person is named in a JSON value, by any text of it, keys included. */
export function isNamedIn(value: unknown, isNamed: IsNamed): boolean {
  if (typeof value === 'string') return isNamed(value);
  if (Array.isArray(value)) return value.some((each) => isNamedIn(each, isNamed));
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).some(([key, each]) => isNamed(key) || isNamedIn(each, isNamed));
}

/** The smallest parts of a document that speak of a person: an object with a text that names them, or that text alone. */
export function partsNaming(value: unknown, isNamed: IsNamed): unknown[] {
  if (typeof value === 'string') return isNamed(value) ? [value] : [];
  if (value === null || typeof value !== 'object') return [];
  if (isAbout(value, isNamed)) return [value];
  return Object.values(value).flatMap((each) => partsNaming(each, isNamed));
}

/** A document without the parts that speak of a person; undefined when nothing else is left. */
export function withoutNamed(value: unknown, isNamed: IsNamed): unknown {
  if (typeof value === 'string') return isNamed(value) ? undefined : value;
  if (value === null || typeof value !== 'object') return value;
  if (isAbout(value, isNamed)) return undefined;
  if (Array.isArray(value)) {
    return value.map((each) => withoutNamed(each, isNamed)).filter((each) => each !== undefined);
  }
  const kept = Object.entries(value).map(([key, each]) => [key, withoutNamed(each, isNamed)] as const);
  return Object.fromEntries(kept.filter(([, each]) => each !== undefined));
}

/** Whether an object is a person: one of its own texts or keys names them. */
function isAbout(value: object, isNamed: IsNamed): boolean {
  if (Array.isArray(value)) return false;
  return Object.entries(value).some(
    ([key, each]) => isNamed(key) || (typeof each === 'string' && isNamed(each)),
  );
}
