/** Whether a fact is a number of things. Facts are not trusted: a text that looks like a number is none. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether a fact names something. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Whether a fact is the word itself: nothing that merely counts as true. */
export function isTrue(value: unknown): boolean {
  return value === true;
}

/** Whether a fact is a list of names. */
export function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isName);
}
