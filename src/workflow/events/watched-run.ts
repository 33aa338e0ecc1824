/** A run that somebody in this process follows: what is known of its events, and who waits for more. */
export class WatchedRun {
  followers = 0;
  /** The last event known to exist. */
  private last = 0;
  private wakes = 0;
  private closed = false;
  private readonly waiting = new Set<() => void>();

  get lastKnown(): number {
    return this.last;
  }

  /** How often something was said to have happened; to be read before a look at the rows. */
  get wakeCount(): number {
    return this.wakes;
  }

  /** Whether this process has stopped following it. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** There are events up to this one. */
  reached(seq: number): void {
    if (seq <= this.last) return;
    this.last = seq;
    this.rouse();
  }

  /** There may be new events. */
  wake(): void {
    this.wakes += 1;
    this.rouse();
  }

  /** Nobody will say anything any more. */
  close(): void {
    this.closed = true;
    this.rouse();
  }

  /** Settles when there may be something behind a position that a look after `wakeCount` did not show, or at the end. */
  async news(position: number, wakeCount: number, signal: AbortSignal): Promise<void> {
    while (this.last <= position && this.wakes === wakeCount && !signal.aborted && !this.closed) {
      await this.roused(signal);
    }
  }

  private rouse(): void {
    const roused = [...this.waiting];
    this.waiting.clear();
    for (const resume of roused) resume();
  }

  private roused(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        this.waiting.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      this.waiting.add(resume);
      signal.addEventListener('abort', resume, { once: true });
    });
  }
}
