/** Whether a person is named in a JSON value, by any text of it, keys included. */
export function isNamedIn(value: unknown, isNamed: (text: string) => boolean): boolean {
  if (typeof value === 'string') return isNamed(value);
  if (Array.isArray(value)) return value.some((each) => isNamedIn(each, isNamed));
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).some(([key, each]) => isNamed(key) || isNamedIn(each, isNamed));
}

/** The items of lists that name a person, the smallest ones: what a document says of them, and not of others. */
export function itemsNaming(value: unknown, isNamed: (text: string) => boolean): unknown[] {
  if (value === null || typeof value !== 'object') return [];
  const inside = Object.values(value).flatMap((each) => itemsNaming(each, isNamed));
  if (inside.length > 0 || !Array.isArray(value)) return inside;
  return value.filter((each) => isNamedIn(each, isNamed));
}
