/** Work that is done again and again with a pause between, never twice at a time, until it is stopped. */
export class Repeated {
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  /** @param work must not throw; its signal aborts when it is to be stopped. */
  constructor(
    private readonly pauseMs: number,
    private readonly work: (signal: AbortSignal) => Promise<void>,
  ) {}

  /** @param firstMs how long to wait before the first time; the pause when absent. */
  start(firstMs = this.pauseMs): void {
    if (this.stopping.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.running = this.work(this.stopping.signal).then(() => this.start());
    }, firstMs).unref();
  }

  /** Resolves when what was under way is done. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.stopping.abort();
    await this.running;
  }
}
