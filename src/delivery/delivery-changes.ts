import type { AuditActor, AuditFact } from '../compliance/audit/audit-leaf.js';
import { newId } from '../kernel/ids.js';
import { changeOf, type RunChange } from '../workflow/runs/run-change.js';
import type { DeliveryCounts, DeliveryRow } from './delivery.repository.js';

export const DELIVERY_ACTOR: AuditActor = { type: 'system', ref: 'delivery' };

/** What became of one delivery; `pending` = it certainly was not taken and is tried again. */
export interface Settlement {
  readonly delivery: DeliveryRow;
  readonly status: 'sent' | 'failed' | 'uncertain' | 'pending';
  /** Public text. */
  readonly detail: string | null;
}

/** The intents of a batch, committed before any of its messages leaves. */
export function intentsOf(deliveries: readonly DeliveryRow[]): RunChange {
  return changeOf({
    facts: deliveries.map((delivery) => ({
      ...(delivery.intent_id !== null && { id: delivery.intent_id }),
      type: 'delivery.sending',
      outcome: 'unknown',
      actor: DELIVERY_ACTOR,
      targets: [{ type: 'delivery', ref: delivery.id }],
      detail: { index: delivery.index, channel: delivery.channel, attempt: delivery.attempts },
    })),
  });
}

/** The outcomes of a batch with one line of history and one event of progress. */
export function outcomesOf(
  settlements: readonly Settlement[],
  counts: DeliveryCounts,
  startedAt: Date,
  endedAt: Date,
  actor = DELIVERY_ACTOR,
): RunChange {
  const count = (status: Settlement['status']) => settlements.filter((each) => each.status === status).length;
  const detail = {
    sent: count('sent'),
    failed: count('failed'),
    uncertain: count('uncertain'),
    retried: count('pending'),
  };
  return changeOf({
    history: [
      {
        kind: 'delivery',
        phase: 'DELIVERY',
        status:
          detail.uncertain > 0
            ? 'uncertain'
            : detail.failed > 0
              ? 'failed'
              : detail.retried > 0
                ? 'retrying'
                : 'sent',
        detail,
        startedAt,
        endedAt,
      },
    ],
    events: [
      ...(detail.uncertain > 0
        ? [{ type: 'delivery.uncertain' as const, data: { uncertain: counts.uncertain } }]
        : []),
      { type: 'delivery.progress', data: progressOf(counts) },
    ],
    facts: settlements.map((settlement) => outcomeFact(settlement, actor)),
  });
}

/** Tells the engine that every delivery has a known outcome. */
export function allSettled(counts: DeliveryCounts): RunChange {
  return changeOf({
    signals: [
      {
        id: newId(),
        type: 'delivery.settled',
        payload: {
          total: counts.total,
          settled: counts.sent + counts.failed,
          sent: counts.sent,
          failed: counts.failed,
        },
      },
    ],
    jobs: [{ name: 'workflow.drive' }],
  });
}

/** Whether nothing is left to send, to wait for or to be settled by a person. */
export function isAllSettled(counts: DeliveryCounts): boolean {
  return counts.total > 0 && counts.sent + counts.failed === counts.total;
}

function progressOf({ sent, failed, uncertain, total }: DeliveryCounts): Record<string, number> {
  return { sent, failed, uncertain, total };
}

function outcomeFact({ delivery, status, detail }: Settlement, actor: AuditActor): AuditFact {
  const outcome = { sent: 'success', failed: 'failure', uncertain: 'unknown', pending: 'failure' } as const;
  return {
    type: 'delivery.settled',
    outcome: outcome[status],
    actor,
    targets: [{ type: 'delivery', ref: delivery.id }],
    ...(delivery.intent_id !== null && { links: { intentId: delivery.intent_id } }),
    detail: {
      index: delivery.index,
      channel: delivery.channel,
      attempt: delivery.attempts,
      status: status === 'pending' ? 'retry' : status,
      ...(detail !== null && { reason: detail.slice(0, 200) }),
    },
  };
}
