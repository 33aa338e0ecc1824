/** The smallest value that so large a share of all does not exceed; null when there is none. */
export function quantileOf(
  values: readonly { readonly value: number; readonly count: number }[],
  share: number,
): number | null {
  const total = values.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { value, count } of values.toSorted((one, other) => one.value - other.value)) {
    seen += count;
    if (seen >= total * share) return value;
  }
  return null;
}
