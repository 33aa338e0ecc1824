import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

const MAX_WAIT_SECONDS = 30;
const LOOK_EVERY_MS = 50;

/** Waits for a place in the log as long as a request prefers to (RFC 7240 `wait`), and not beyond the process's end. */
@Injectable()
export class InclusionWait implements OnModuleDestroy {
  private readonly stopping = new AbortController();

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /** Looks again while the answer is `pending` and time is left. */
  async until<T>(
    prefer: string | undefined,
    look: () => Promise<T | 'pending' | undefined>,
  ): Promise<T | 'pending' | undefined> {
    const endMs = performance.now() + waitSecondsOf(prefer) * 1_000;
    for (;;) {
      const found = await look();
      if (found !== 'pending' || performance.now() >= endMs || this.stopping.signal.aborted) return found;
      await delay(LOOK_EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}

function waitSecondsOf(prefer: string | undefined): number {
  const [, seconds] = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec(prefer ?? '') ?? [];
  return Math.min(Number(seconds ?? 0), MAX_WAIT_SECONDS);
}
