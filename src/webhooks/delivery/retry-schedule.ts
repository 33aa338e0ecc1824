/** How far a pause may be from the one configured, either way: what failed together shall not come back together. */
const JITTER = 0.1;

/**
 * The pause before the next attempt in seconds, or null when none is left.
 *
 * @param failures attempts that have failed so far, at least 1.
 * @param random from 0 to below 1.
 */
export function retryDelay(
  delaysSeconds: readonly number[],
  failures: number,
  random: number = Math.random(),
): number | null {
  const delay = delaysSeconds[failures - 1];
  return delay === undefined ? null : delay * (1 + JITTER * (2 * random - 1));
}
