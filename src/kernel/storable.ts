/**
 * Whether every text in a JSON value can be stored and hashed: the database takes no U+0000, and half a surrogate pair
 * has no UTF-8 form. Goes through the value without recursion, for its depth is the sender's choice.
 */
export function isStorable(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') {
      if (next.includes('\0') || !next.isWellFormed()) return false;
    } else if (typeof next === 'object' && next !== null) {
      for (const [key, member] of Object.entries(next)) open.push(key, member);
    }
  }
  return true;
}
