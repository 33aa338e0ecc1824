import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import type { Trx } from '../../../database/trx.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { Metrics } from '../../../observability/metrics.js';
import { RightEdge } from '../merkle/right-edge.js';
import { edgeTiles, TileMissingError } from '../merkle/tiles.js';
import { LogAnchors } from './log-anchors.service.js';
import { LogGuard } from './log-guard.service.js';
import { logOrigin } from './log-origin.js';
import type { LogHead } from './log-state.js';
import { LogStopped } from './log-stopped.js';
import { LogRepository } from './log.repository.js';
import { type PendingEvent, SequencerRepository } from './sequencer.repository.js';

/** Events sealed in one transaction. */
const BATCH = 2_000;

export interface SealedBatch {
  readonly sealed: number;
  /** Whether more may be waiting. */
  readonly isFull: boolean;
}

const NOTHING: SealedBatch = { sealed: 0, isFull: false };

/** Gives events that wait their places in the log: index map, tiles, head and queue in one transaction. */
@Injectable()
export class LogSealer {
  private readonly logger = new Logger(LogSealer.name);
  /** The edge of each tree as this process left it: a cache, believed only where the head agrees. */
  private readonly edges = new Map<string, RightEdge>();
  private readonly lost = new Set<string>();

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SequencerRepository,
    private readonly logs: LogRepository,
    private readonly guard: LogGuard,
    private readonly anchors: LogAnchors,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
  ) {}

  /**
   * Seals the first events that wait, unless another process is at it.
   *
   * @throws LogStopped when the log must not go on.
   */
  sealBatch(tenantId: string): Promise<SealedBatch> {
    return this.seal(tenantId, (trx) => this.repository.takeHead(trx, tenantId));
  }

  /** Seals everything that waits at this moment, also what another process is at. @throws LogStopped */
  async sealAll(tenantId: string): Promise<void> {
    for (let isFull = true; isFull;) {
      const batch = await this.seal(tenantId, (trx) => this.repository.waitForHead(trx, tenantId));
      ({ isFull } = batch);
    }
  }

  private async seal(
    tenantId: string,
    take: (trx: Trx) => Promise<LogHead | undefined>,
  ): Promise<SealedBatch> {
    if (this.anchors.isBlocked) throw new LogStopped('a required anchor takes nothing');
    let after: RightEdge | undefined;
    let events: readonly (PendingEvent & { leafHash: Buffer })[] = [];
    let isFull = false;
    try {
      await this.database.withSequencer(async (trx) => {
        const head = (await take(trx)) ?? (await this.begin(trx, tenantId, take));
        if (!head) return;
        await this.guard.requireAnchored(trx, head);
        const pending = await this.repository.firstPending(trx, tenantId, BATCH);
        events = this.present(tenantId, pending);
        if (events.length === 0) return;
        isFull = pending.length === BATCH;
        after = await this.place(trx, head, events);
      });
    } catch (error) {
      // What it holds may have been rolled back.
      this.edges.delete(tenantId);
      throw error;
    }
    if (!after) return NOTHING;
    this.edges.set(tenantId, after);
    this.measure(events);
    return { sealed: events.length, isFull };
  }

  /** Gives events the next places of a log whose head this transaction has. @throws LogStopped */
  async place(
    trx: Trx,
    head: LogHead,
    events: readonly (PendingEvent & { leafHash: Buffer })[],
  ): Promise<RightEdge> {
    const edge = await this.edgeOf(trx, head);
    const tiles = edge.append(events.map(({ leafHash }) => leafHash));
    await this.repository.writeSealed(trx, head, events, tiles, edge.root(), this.clock.now());
    return edge;
  }

  /** Makes the log of a tenant whose first event waits. */
  private async begin(
    trx: Trx,
    tenantId: string,
    take: (trx: Trx) => Promise<LogHead | undefined>,
  ): Promise<LogHead | undefined> {
    if (await this.logs.head(trx, tenantId)) return undefined;
    const logId = randomUUID();
    const origin = logOrigin(this.config.instanceName, { logId, epoch: 1 });
    await this.repository.ensureHead(trx, tenantId, logId, origin);
    return take(trx);
  }

  private async edgeOf(trx: Trx, head: LogHead): Promise<RightEdge> {
    const cached = this.edges.get(head.tenantId);
    if (cached?.size === head.size && cached.root().equals(head.rootHash)) return cached;
    try {
      const tiles = await this.logs.tiles(trx, head.tenantId, edgeTiles(head.size));
      const edge = RightEdge.of(head.size, tiles);
      if (edge.root().equals(head.rootHash)) return edge;
    } catch (error) {
      if (!(error instanceof TileMissingError)) throw error;
    }
    throw new LogStopped(`the stored tiles do not give the root of the ${head.size} leaves`);
  }

  /** Those of the events that are there. One that is gone keeps its place in the queue, where verification names it. */
  private present(
    tenantId: string,
    pending: readonly PendingEvent[],
  ): (PendingEvent & { leafHash: Buffer })[] {
    for (const { eventId, leafHash } of pending) {
      if (leafHash !== null || this.lost.has(eventId)) continue;
      this.lost.add(eventId);
      this.metrics.auditFaultFound();
      this.logger.fatal(
        { event: 'audit.event_lost', tenantId, eventId },
        'an event was removed before it was sealed',
      );
    }
    return pending.filter((event): event is PendingEvent & { leafHash: Buffer } => event.leafHash !== null);
  }

  private measure(events: readonly PendingEvent[]): void {
    const nowMs = this.clock.now().getTime();
    this.metrics.leavesSealed(
      events.map(({ occurredAt }) => Math.max(0, nowMs - occurredAt.getTime()) / 1_000),
    );
  }
}
