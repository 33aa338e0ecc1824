/** Bounds of the pause between two attempts. */
interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The pause before the next attempt: exponential with full jitter, so that callers that failed together do not
 * come back together. A pause the other side asked for (`retryAfterMs`) is a lower bound.
 *
 * @param failedAttempts attempts that have failed so far, at least 1
 * @param random a number in [0, 1); a parameter so that a test can fix it
 */
export function retryDelayMs(
  failedAttempts: number,
  options: BackoffOptions,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number {
  // 2 ** 30 × base overflows nothing and is beyond every sensible maximum.
  const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failedAttempts - 1, 30));
  return Math.max(retryAfterMs, Math.floor(random() * ceiling));
}

/** Resolves after the pause; rejects with the signal's reason as soon as the signal is aborted. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
