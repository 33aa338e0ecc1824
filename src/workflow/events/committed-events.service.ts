import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';
import {
  type CommittedEvent,
  CommittedEventsRepository,
  type EventPosition,
  type TransactionHorizon,
} from './committed-events.repository.js';

export type { CommittedEvent, EventPosition } from './committed-events.repository.js';

/** A stretch of a tenant's events, and where the next one begins. */
export interface EventStretch {
  readonly events: readonly CommittedEvent[];
  readonly next: EventPosition;
  /** Whether nothing readable was left behind it. */
  readonly isLast: boolean;
}

/** Sorts before every id of a run. */
const BEFORE_ALL_RUNS = '00000000-0000-0000-0000-000000000000';
/** How far back is read when a position is of no use: what was handed out around then is read once more. */
const OVERLAP_MS = 3_600_000;

/**
 * The events of all runs of a tenant as one sequence that can be taken up anywhere, without a gap: rows are read once
 * every transaction that could still write before them has ended. A transaction that stays open holds readers up.
 */
@Injectable()
export class CommittedEvents {
  constructor(private readonly events: CommittedEventsRepository) {}

  /**
   * Up to where can be read at this instant. Whatever is committed later lies beyond it: a reader that wants to know
   * who is to hear of the events looks for the horizon first, and for its listeners afterwards.
   */
  horizon(trx: Trx): Promise<TransactionHorizon> {
    return this.events.horizon(trx);
  }

  /** The position of somebody who wants to hear what comes from a horizon on. */
  startingAt(horizon: TransactionHorizon): EventPosition {
    return { transactionId: horizon.oldest, runId: BEFORE_ALL_RUNS, seq: 0 };
  }

  /** Which of the tenants have something to read at their position; in a transaction over all tenants. */
  tenantsWithNews(
    trx: Trx,
    positions: readonly { readonly tenantId: string; readonly transactionId: string }[],
  ): Promise<string[]> {
    return this.events.tenantsWithNews(trx, positions);
  }

  /**
   * Reads on from a position up to a horizon.
   *
   * @param reachedAt when the position was reached. A database restored into another cluster counts its transactions
   *   anew: a position that lies ahead of them is given up, and events are read by their time, some of them again.
   */
  async read(
    trx: Trx,
    tenantId: string,
    after: EventPosition,
    reachedAt: Date,
    horizon: TransactionHorizon,
    limit: number,
  ): Promise<EventStretch> {
    const { oldest, next } = horizon;
    const end = this.startingAt(horizon);
    if (BigInt(after.transactionId) > BigInt(next)) {
      const since = new Date(reachedAt.getTime() - OVERLAP_MS);
      const events = await this.events.readSince(trx, tenantId, since);
      return { events: inOrderOfRuns(events), next: end, isLast: true };
    }
    // What has been read stays read, should the horizon lie behind the position.
    if (BigInt(oldest) <= BigInt(after.transactionId)) return { events: [], next: after, isLast: true };
    const events = await this.events.readBehind(trx, tenantId, after, oldest, limit);
    const last = events.at(-1);
    const isLast = events.length < limit || !last;
    return { events: inOrderOfRuns(events), next: isLast ? end : last, isLast };
  }
}

/**
 * Of two transactions that changed a run one after the other, the second may have the lower number: it had begun to
 * write elsewhere before. So within a run the position decides.
 */
function inOrderOfRuns(events: readonly CommittedEvent[]): CommittedEvent[] {
  const byRun = Map.groupBy(events, (event) => event.runId);
  return [...byRun.values()].flatMap((ofRun) => ofRun.toSorted((one, other) => one.seq - other.seq));
}
