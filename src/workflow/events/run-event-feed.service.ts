import { Injectable } from '@nestjs/common';
import type { RunEvent } from './run-event.repository.js';
import { PAGE, RunEventReader } from './run-event-reader.service.js';
import { RunWatch } from './run-watch.service.js';

/**
 * A run's events as a stream that can be taken up anywhere. A follower holds a position and at most one page of rows;
 * what it has not taken yet stays in the database. So there is no gap, no duplicate, and no queue that a slow client
 * could fill.
 */
@Injectable()
export class RunEventFeed {
  constructor(
    private readonly watch: RunWatch,
    private readonly reader: RunEventReader,
  ) {}

  /** Tells followers in this process that a run has new events; to be called when they have committed. */
  wake(runId: string): void {
    this.watch.wake(runId);
  }

  /**
   * Every event of a run after a position (0 for all), then those to come, until the signal aborts or the process
   * stops. It does not end with the run. Leaving it changes nothing about the run.
   *
   * @throws whatever the database throws; a follower may begin anew behind the last event it has seen.
   */
  async *subscribe(
    tenantId: string,
    runId: string,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncGenerator<RunEvent, void, undefined> {
    const run = this.watch.enter(runId);
    let position = afterSeq;
    try {
      while (!signal.aborted && !run.isClosed) {
        // Counted before the look, so that nothing falls between the two.
        const { wakeCount } = run;
        const events = await this.reader.read({ tenantId, runId, afterSeq: position });
        run.reached(events.at(-1)?.seq ?? 0);
        for (const event of events) {
          position = event.seq;
          yield event;
        }
        if (events.length < PAGE) await run.news(position, wakeCount, signal);
      }
    } finally {
      this.watch.leave(runId, run);
    }
  }
}
