import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { AuditEventType } from '../../compliance/audit/audit-event-types.js';
import type { Trx } from '../../database/trx.js';

/** An event of a run, with its leaf read. */
export interface RunEventRow {
  readonly id: string;
  readonly type: string;
  readonly outcome: string;
  readonly occurredAt: Date;
  readonly actorRef: string;
  readonly leaf: Readonly<Record<string, unknown>>;
}

/** Events of one kind that a report reads one by one; a run makes far fewer. */
const MAX_EVENTS = 2_000;

/** Reads what the report of a run tells beside the run itself. Counts, ids and hashes: no content. */
@Injectable()
export class RunEvidenceRepository {
  definition(trx: Trx, name: string, version: number) {
    return trx
      .selectFrom('workflow_definition')
      .select(['digest', 'source', 'document'])
      .where('name', '=', name)
      .where('version', '=', version)
      .executeTakeFirst();
  }

  /** Events of these types in the order of the run's chain. */
  async events(trx: Trx, runId: string, types: readonly AuditEventType[]): Promise<RunEventRow[]> {
    const rows = await trx
      .selectFrom('audit_event')
      .select(['id', 'type', 'outcome', 'occurred_at', 'actor_ref', 'leaf'])
      .where('run_id', '=', runId)
      .where('type', 'in', [...types])
      .orderBy('run_seq')
      .limit(MAX_EVENTS)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      type: row.type,
      outcome: row.outcome,
      occurredAt: row.occurred_at,
      actorRef: row.actor_ref,
      leaf: JSON.parse(row.leaf.toString('utf8')) as Record<string, unknown>,
    }));
  }

  /** How many events of a run the trail still holds. */
  async countEvents(trx: Trx, runId: string): Promise<number> {
    const { events } = await trx
      .selectFrom('audit_event')
      .select(({ fn }) => fn.countAll<number>().as('events'))
      .where('run_id', '=', runId)
      .executeTakeFirstOrThrow();
    return events;
  }

  /** Ids of the events of a run's chain behind a number, up to another. */
  async eventIds(trx: Trx, runId: string, after: number, upTo: number): Promise<string[]> {
    const rows = await trx
      .selectFrom('audit_event')
      .select('id')
      .where('run_id', '=', runId)
      .where('run_seq', '>', after)
      .where('run_seq', '<=', upTo)
      .orderBy('run_seq')
      .execute();
    return rows.map(({ id }) => id);
  }

  /** How many events of each type and outcome the run's chain holds. */
  async eventCounts(trx: Trx, runId: string) {
    return trx
      .selectFrom('audit_event')
      .select(['type', 'outcome'])
      .select(({ fn }) => fn.countAll<number>().as('events'))
      .where('run_id', '=', runId)
      .groupBy(['type', 'outcome'])
      .orderBy('type')
      .orderBy('outcome')
      .execute();
  }

  /** What the detector has found and the vault keeps, by kind of data. */
  findings(trx: Trx, runId: string) {
    return trx
      .selectFrom('vault_token')
      .select('entity')
      .select(({ fn }) => [
        fn.countAll<number>().as('tokens'),
        fn.count<number>('subject_ref').distinct().as('subjects'),
      ])
      .where('run_id', '=', runId)
      .groupBy('entity')
      .orderBy('entity')
      .execute();
  }

  /** What the newest words of a session on each purpose and subject say, counted. */
  consents(trx: Trx, sessionId: string) {
    return trx
      .selectFrom((query) =>
        query
          .selectFrom('consent')
          .distinctOn(['purpose', 'subject_ref'])
          .select(['purpose', 'subject_ref', 'lawful_basis', 'granted', 'recorded_at'])
          .where('session_id', '=', sessionId)
          .orderBy('purpose')
          .orderBy('subject_ref')
          .orderBy('id', 'desc')
          .as('newest'),
      )
      .select(['purpose', 'lawful_basis', 'granted'])
      .select(({ fn }) => [
        fn.countAll<number>().filterWhere('subject_ref', '<>', '*').as('subjects'),
        sql<boolean>`bool_or(subject_ref = '*')`.as('everybody'),
        fn.min<Date>('recorded_at').as('first'),
        fn.max<Date>('recorded_at').as('last'),
      ])
      .groupBy(['purpose', 'lawful_basis', 'granted'])
      .orderBy('purpose')
      .orderBy('lawful_basis')
      .orderBy('granted')
      .execute();
  }

  /** What agents have done and what it took, by agent and model. */
  async models(trx: Trx, runId: string) {
    const { rows } = await sql<ModelUseRow>`
      select agent, detail ->> 'provider' as provider, detail ->> 'model' as model,
        count(*) filter (where status = 'completed' and not detail ? 'replayedFrom')::int as completed,
        count(*) filter (where status = 'retried')::int as retried,
        count(*) filter (where status = 'failed')::int as failed,
        count(*) filter (where detail ? 'replayedFrom')::int as replayed,
        count(*) filter (where degraded)::int as fallbacks,
        count(*) filter (where coalesce(detail -> 'error' ->> 'code', detail ->> 'code') = 'BREAKER_OPEN')::int
          as "breakerOpen",
        coalesce(sum((detail ->> 'calls')::int), 0)::int as calls,
        coalesce(sum((usage ->> 'inputTokens')::bigint), 0)::bigint as "inputTokens",
        coalesce(sum((usage ->> 'outputTokens')::bigint), 0)::bigint as "outputTokens",
        coalesce(sum((usage ->> 'costUsd')::numeric), 0)::numeric(18, 6)::text as "costUsd"
      from workflow_step
      where run_id = ${runId} and kind = 'step' and agent is not null and status <> 'reopened'
      group by agent, provider, model order by min(seq)`.execute(trx);
    return rows;
  }

  /** What became of the messages, and the first events that say so. */
  async deliveries(trx: Trx, runId: string) {
    const { rows } = await sql<DeliveryRow>`
      select channel, status, count(*)::int as messages, sum(attempts)::int as attempts,
        array(select event.id from audit_event event
          where event.run_id = ${runId} and event.type = 'delivery.settled'
            and convert_from(event.leaf, 'UTF8')::jsonb -> 'detail'
              @> jsonb_build_object('channel', delivery.channel, 'status', delivery.status)
          order by event.run_seq limit 5) as events
        from delivery where run_id = ${runId}
       group by channel, status order by channel, status`.execute(trx);
    return rows;
  }

  /** Texts of the violations that denied a transition of the run. */
  async violations(trx: Trx, runId: string): Promise<unknown[]> {
    const rows = await trx
      .selectFrom('workflow_step')
      .select('detail')
      .where('run_id', '=', runId)
      .where('kind', '=', 'control')
      .where('status', '=', 'denied')
      .orderBy('seq')
      .limit(MAX_EVENTS)
      .execute();
    return rows.map(({ detail }) => (detail as { violations?: unknown } | null)?.violations);
  }
}

interface DeliveryRow {
  readonly channel: string;
  readonly status: string;
  readonly messages: number;
  readonly attempts: number;
  readonly events: readonly string[];
}

export interface ModelUseRow {
  readonly agent: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly completed: number;
  readonly retried: number;
  readonly failed: number;
  readonly replayed: number;
  readonly fallbacks: number;
  readonly breakerOpen: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Decimal text. */
  readonly costUsd: string;
}
