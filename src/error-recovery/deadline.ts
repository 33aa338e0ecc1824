/**
 * The time limit of one call, joined with the caller's own signal.
 *
 * Not `AbortSignal.any([AbortSignal.timeout(…), caller])`: that timer cannot be taken back, so ten thousand quick
 * calls would leave ten thousand timers and ten thousand followers on a long-lived caller's signal.
 */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private expired = false;

  constructor(
    timeoutMs: number,
    private readonly caller?: AbortSignal,
  ) {
    this.timer = setTimeout(() => {
      this.expired = true;
      this.controller.abort(new DOMException(`No answer within ${timeoutMs} ms`, 'TimeoutError'));
    }, timeoutMs);
    if (caller?.aborted) this.followCaller();
    else caller?.addEventListener('abort', this.followCaller, { once: true });
  }

  /** Aborted at the time limit or when the caller aborts, whichever is first. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether the time limit was what ended the call. */
  get timedOut(): boolean {
    return this.expired;
  }

  /** Ends with the work, or with the signal when the work does not listen to it. */
  async race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    let onAbort!: () => void;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason as Error);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes timer and listener back. Call it always, when the call has ended. */
  dispose(): void {
    clearTimeout(this.timer);
    this.caller?.removeEventListener('abort', this.followCaller);
  }

  private readonly followCaller = (): void => {
    clearTimeout(this.timer);
    this.controller.abort(this.caller?.reason);
  };
}
