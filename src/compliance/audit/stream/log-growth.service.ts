import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { StreamRepository } from './stream.repository.js';

/** How soon events that any process has sealed are seen. */
const LOOK_EVERY_MS = 200;

/** A log that somebody in this process follows. */
export interface FollowedLog {
  /** Its size at the last look. */
  size: number;
  followers: number;
  moved: PromiseWithResolvers<void>;
}

/** Notices that logs have grown: one look for all that are followed here, however many streams there are. */
@Injectable()
export class LogGrowth implements OnModuleDestroy {
  private readonly logger = new Logger(LogGrowth.name);
  private readonly logs = new Map<string, FollowedLog>();
  private timer: NodeJS.Timeout | undefined;
  private isBlind = false;
  private isStopped = false;

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: StreamRepository,
  ) {}

  get hasStopped(): boolean {
    return this.isStopped;
  }

  /** Begins to follow a log; to be left again. */
  enter(tenantId: string): FollowedLog {
    const log = this.logs.get(tenantId) ?? { size: 0, followers: 0, moved: Promise.withResolvers<void>() };
    this.logs.set(tenantId, log);
    log.followers += 1;
    this.lookLater();
    return log;
  }

  /** Ends what `enter` began. */
  leave(tenantId: string, log: FollowedLog): void {
    log.followers -= 1;
    if (log.followers === 0) this.logs.delete(tenantId);
  }

  /** Waits until a log is larger than a size, the signal aborts or the process stops. */
  async beyond(log: FollowedLog, size: number, signal: AbortSignal): Promise<void> {
    const gone = Promise.withResolvers<void>();
    const leave = () => gone.resolve();
    signal.addEventListener('abort', leave, { once: true });
    while (log.size <= size && !signal.aborted && !this.isStopped) {
      await Promise.race([log.moved.promise, gone.promise]);
    }
    signal.removeEventListener('abort', leave);
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    for (const log of this.logs.values()) log.moved.resolve();
  }

  private lookLater(): void {
    if (this.timer || this.isStopped || this.logs.size === 0) return;
    this.timer = setTimeout(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  private async look(): Promise<void> {
    try {
      const sizes = await this.database.withSystem((trx) =>
        this.repository.sizes(trx, [...this.logs.keys()]),
      );
      for (const { tenantId, size } of sizes) this.reached(tenantId, size);
      this.isBlind = false;
    } catch (error) {
      // Streams stay open: the next look that succeeds finds all that was missed.
      if (!this.isBlind)
        this.logger.warn({ event: 'audit.watch_failed', err: error }, 'no look at audit logs');
      this.isBlind = true;
    }
    this.timer = undefined;
    this.lookLater();
  }

  private reached(tenantId: string, size: number): void {
    const log = this.logs.get(tenantId);
    if (!log || log.size >= size) return;
    const { moved } = log;
    log.size = size;
    log.moved = Promise.withResolvers();
    moved.resolve();
  }
}
