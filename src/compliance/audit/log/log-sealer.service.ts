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
import {
  type Growth,
  type PendingEvent,
  type PresentEvent,
  SequencerRepository,
} from './sequencer.repository.js';

/** Events of one log sealed in one transaction. */
const BATCH = 2_000;
/** Events of several logs sealed in one transaction, about. */
const TOGETHER = 6_000;

export interface SealedBatch {
  readonly sealed: number;
  /** Whether more may be waiting. */
  readonly isFull: boolean;
  /** Whose logs have grown. */
  readonly tenantIds: readonly string[];
}

const NOTHING: SealedBatch = { sealed: 0, isFull: false, tenantIds: [] };

type Take = (trx: Trx, tenantIds: readonly string[]) => Promise<readonly LogHead[]>;

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
    return this.sealTogether([tenantId]);
  }

  /**
   * The same for several logs in one transaction: a fault of one of them keeps all from going on.
   *
   * @throws LogStopped when one of them must not go on.
   */
  sealTogether(tenantIds: readonly string[]): Promise<SealedBatch> {
    return this.seal(tenantIds, (trx, wanted) => this.repository.takeHeads(trx, wanted));
  }

  /** Seals everything that waits at this moment, also what another process is at. @throws LogStopped */
  async sealAll(tenantId: string): Promise<void> {
    for (let isFull = true; isFull;) {
      const batch = await this.seal([tenantId], async (trx) => {
        const head = await this.repository.waitForHead(trx, tenantId);
        return head ? [head] : [];
      });
      ({ isFull } = batch);
    }
  }

  private async seal(tenantIds: readonly string[], take: Take): Promise<SealedBatch> {
    if (this.anchors.isBlocked) throw new LogStopped('a required anchor takes nothing');
    if (tenantIds.length === 0) return NOTHING;
    const limit = Math.min(BATCH, Math.ceil(TOGETHER / tenantIds.length));
    const edges = new Map<string, RightEdge>();
    let growths: readonly Growth[] = [];
    let isFull = false;
    try {
      await this.database.withSequencer(async (trx) => {
        const heads = await this.heads(trx, tenantIds, take);
        if (heads.length === 0) return;
        for (const head of heads) await this.guard.requireAnchored(trx, head);
        const taken = heads.map(({ tenantId }) => tenantId);
        const pending = await this.repository.firstPending(trx, taken, limit);
        isFull = [...pending.values()].some(({ length }) => length === limit);
        const grown: Growth[] = [];
        for (const head of heads) {
          const events = this.present(head.tenantId, pending.get(head.tenantId) ?? []);
          if (events.length > 0) grown.push(await this.grow(trx, head, events, edges));
        }
        if (grown.length > 0) await this.repository.writeSealed(trx, grown, this.clock.now());
        growths = grown;
      });
    } catch (error) {
      // What they hold may have been rolled back.
      for (const tenantId of tenantIds) this.edges.delete(tenantId);
      throw error;
    }
    for (const [tenantId, edge] of edges) this.edges.set(tenantId, edge);
    const events = growths.flatMap((growth) => growth.events);
    this.measure(events);
    const grownIds = growths.map(({ head }) => head.tenantId);
    return { sealed: events.length, isFull: isFull && events.length > 0, tenantIds: grownIds };
  }

  /** Gives an event the next place of a log whose head this transaction has. @throws LogStopped */
  async place(trx: Trx, head: LogHead, event: PresentEvent): Promise<void> {
    await this.repository.writeSealed(
      trx,
      [await this.grow(trx, head, [event], new Map())],
      this.clock.now(),
    );
  }

  private async grow(
    trx: Trx,
    head: LogHead,
    events: readonly PresentEvent[],
    edges: Map<string, RightEdge>,
  ): Promise<Growth> {
    const edge = await this.edgeOf(trx, head);
    edges.set(head.tenantId, edge);
    const tiles = edge.append(events.map(({ leafHash }) => leafHash));
    return { head, events, tiles, rootHash: edge.root() };
  }

  /** The heads that are free, also of tenants whose first event waits. */
  private async heads(trx: Trx, tenantIds: readonly string[], take: Take): Promise<readonly LogHead[]> {
    const heads = await take(trx, tenantIds);
    const taken = new Set(heads.map(({ tenantId }) => tenantId));
    const others = tenantIds.filter((tenantId) => !taken.has(tenantId));
    const begun = others.length === 0 ? [] : await this.repository.withoutHead(trx, others);
    if (begun.length === 0) return heads;
    for (const tenantId of begun) {
      const logId = randomUUID();
      const origin = logOrigin(this.config.instanceName, { logId, epoch: 1 });
      await this.repository.ensureHead(trx, tenantId, logId, origin);
    }
    return [...heads, ...(await take(trx, begun))];
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
  private present(tenantId: string, pending: readonly PendingEvent[]): PresentEvent[] {
    for (const { eventId, leafHash } of pending) {
      if (leafHash !== null || this.lost.has(eventId)) continue;
      this.lost.add(eventId);
      this.metrics.auditFaultFound();
      this.logger.fatal(
        { event: 'audit.event_lost', tenantId, eventId },
        'an event was removed before it was sealed',
      );
    }
    return pending.filter((event): event is PresentEvent => event.leafHash !== null);
  }

  private measure(events: readonly PendingEvent[]): void {
    const nowMs = this.clock.now().getTime();
    this.metrics.leavesSealed(
      events.map(({ occurredAt }) => Math.max(0, nowMs - occurredAt.getTime()) / 1_000),
    );
  }
}
