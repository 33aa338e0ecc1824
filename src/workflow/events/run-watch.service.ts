import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { RunEventRepository } from './run-event.repository.js';
import { WatchedRun } from './watched-run.js';

/** How soon an event that another process has written is seen. */
const LOOK_EVERY_MS = 200;

/**
 * Notices new events of the runs that somebody in this process follows: those written here are told by `wake`, those of
 * other processes are found by one look at all these runs, however many streams there are. Idle, it does nothing.
 */
@Injectable()
export class RunWatch implements OnModuleDestroy {
  private readonly logger = new Logger(RunWatch.name);
  private readonly runs = new Map<string, WatchedRun>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private isBlind = false;
  private isStopped = false;

  constructor(
    private readonly database: DatabaseService,
    private readonly events: RunEventRepository,
  ) {}

  /** Says that a run may have new events. */
  wake(runId: string): void {
    this.runs.get(runId)?.wake();
  }

  /** Begins to watch a run; to be left again. */
  enter(runId: string): WatchedRun {
    const run = this.runs.get(runId) ?? new WatchedRun();
    this.runs.set(runId, run);
    run.followers += 1;
    if (this.isStopped) run.close();
    this.lookLater();
    return run;
  }

  /** Ends what `enter` began. */
  leave(runId: string, run: WatchedRun): void {
    run.followers -= 1;
    if (run.followers === 0 && this.runs.get(runId) === run) this.runs.delete(runId);
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    for (const run of this.runs.values()) run.close();
  }

  private lookLater(): void {
    if (this.isLooking || this.isStopped || this.runs.size === 0) return;
    this.isLooking = true;
    this.timer = setTimeout(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  private async look(): Promise<void> {
    const ids = [...this.runs.keys()];
    const positions = [...this.runs.values()].map((run) => run.lastKnown);
    try {
      const moved = await this.database.withSystem((trx) => this.events.moved(trx, ids, positions));
      for (const { id, last } of moved) this.runs.get(id)?.reached(last);
      this.isBlind = false;
    } catch (error) {
      // Streams stay open: the next look that succeeds finds all that was missed.
      if (!this.isBlind)
        this.logger.warn({ event: 'events.watch_failed', err: error }, 'no look at new events');
      this.isBlind = true;
    }
    this.isLooking = false;
    this.lookLater();
  }
}
