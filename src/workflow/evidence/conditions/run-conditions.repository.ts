import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';
import type { Run } from '../../runs/run.js';
import type { ModelVersion, Reveal, RunRecovery, RunVersions, SafeModeWord } from './run-conditions.js';

/** Rows of one kind that a report shows; a run makes far fewer. */
const MAX_ROWS = 200;

/** What the trail says of a step. */
const MODEL_OF = sql`convert_from(event.leaf, 'UTF8')::jsonb -> 'model'`;

/** Reads what held while a run was done. */
@Injectable()
export class RunConditionsRepository {
  /** The word of the tenant's trail on safe mode that held when the run was made. */
  async safeModeAt(trx: Trx, at: Date): Promise<SafeModeWord | undefined> {
    const { rows } = await sql<SafeModeRow>`
      ${SAFE_MODE_CHANGES} where type = 'safe_mode.changed' and occurred_at <= ${at}
       order by occurred_at desc, id desc limit 1`.execute(trx);
    return rows.map(wordOf)[0];
  }

  /** Changes of safe mode within a span of time, oldest first. */
  async safeModeChanges(trx: Trx, after: Date, until: Date): Promise<SafeModeWord[]> {
    const { rows } = await sql<SafeModeRow>`
      ${SAFE_MODE_CHANGES} where type = 'safe_mode.changed' and occurred_at > ${after} and occurred_at <= ${until}
       order by occurred_at, id limit ${MAX_ROWS}`.execute(trx);
    return rows.map(wordOf);
  }

  /** Steps that the simulation answered in the place of a model because of safe mode. */
  async simulatedSteps(trx: Trx, runId: string): Promise<number> {
    const { rows } = await sql<{ steps: number }>`
      select count(*)::int as steps from workflow_step
       where run_id = ${runId} and kind = 'step' and detail -> 'error' ->> 'code' = 'SAFE_MODE'`.execute(trx);
    return rows[0]?.steps ?? 0;
  }

  /** Ids of events of the run of a type, in the order of its chain. */
  async eventsOf(trx: Trx, runId: string, type: 'delivery.held'): Promise<string[]> {
    const rows = await trx
      .selectFrom('audit_event')
      .select('id')
      .where('run_id', '=', runId)
      .where('type', '=', type)
      .orderBy('run_seq')
      .limit(MAX_ROWS)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Legal holds that reach a run, with the events that tell of them. */
  async holds(trx: Trx, run: Pick<Run, 'id' | 'createdAt' | 'completedAt'>): Promise<HoldRow[]> {
    const { rows } = await sql<HoldRow>`
      select hold.id, hold.scope, hold.set_at as "setAt", hold.lifted_at as "liftedAt",
        array(select event.id from audit_event event
          where event.type in ('hold.placed', 'hold.lift_requested', 'hold.lifted') and event.occurred_at >= hold.set_at
            and convert_from(event.leaf, 'UTF8')::jsonb -> 'targets' @> jsonb_build_array(jsonb_build_object('ref', hold.id::text))
          order by event.occurred_at, event.id) as events
        from legal_hold hold
       where hold.scope = 'tenant'
          or hold.scope = 'run' and hold.run_id = ${run.id}
          or hold.scope = 'period' and ${run.createdAt} < hold.to_at
             and coalesce(${run.completedAt}::timestamptz, 'infinity') >= hold.from_at
          or hold.scope = 'subject' and exists (
            select from vault_token token where token.run_id = ${run.id} and token.subject_ref = hold.subject_ref)
       order by hold.id limit ${MAX_ROWS}`.execute(trx);
    return rows;
  }

  /** What went wrong with models and what was done about it. */
  async recovery(trx: Trx, runId: string): Promise<Omit<RunRecovery, 'degraded'>> {
    const { rows } = await sql<Omit<RunRecovery, 'degraded' | 'events'>>`
      select count(*) filter (where status = 'retried')::int as retried,
        count(*) filter (where degraded)::int as fallbacks,
        count(*) filter (where coalesce(detail -> 'error' ->> 'code', detail ->> 'code') = 'BREAKER_OPEN')::int
          as "breakerOpen"
        from workflow_step where run_id = ${runId} and kind = 'step' and status <> 'reopened'`.execute(trx);
    const events = await sql<{ id: string }>`
      select id from audit_event
       where run_id = ${runId}
         and (type = 'workflow.step_retried'
           or type in ('workflow.step_completed', 'workflow.step_failed')
             and convert_from(leaf, 'UTF8')::jsonb -> 'detail' ->> 'degraded' = 'true')
       order by run_seq limit ${MAX_ROWS}`.execute(trx);
    return {
      ...(rows[0] ?? { retried: 0, fallbacks: 0, breakerOpen: 0 }),
      events: events.rows.map(({ id }) => id),
    };
  }

  /** Who was shown values behind the run's tokens: events of the tenant that name the run as what they are about. */
  async reveals(trx: Trx, run: Pick<Run, 'id' | 'tenantId' | 'createdAt'>): Promise<Reveal[]> {
    const about = JSON.stringify({ targets: [{ type: 'workflow', ref: run.id }] });
    const { rows } = await sql<Omit<Reveal, 'occurredAt'> & { occurredAt: Date }>`
      select id as "eventId", occurred_at as "occurredAt", actor_ref as actor, record -> 'detail' ->> 'purpose' as purpose,
        (record -> 'detail' ->> 'asked')::int as asked, (record -> 'detail' ->> 'revealed')::int as revealed
        from audit_event event, lateral (select convert_from(event.leaf, 'UTF8')::jsonb as record) as parsed
       where event.tenant_id = ${run.tenantId} and event.type = 'pii.revealed' and event.occurred_at >= ${run.createdAt}
         and record @> ${about}::jsonb
       order by occurred_at, id limit ${MAX_ROWS}`.execute(trx);
    return rows.map((row) => Object.assign(row, { occurredAt: row.occurredAt.toISOString() }));
  }

  /** Which versions of policies have decided, by what the records say. */
  async policyVersions(trx: Trx, runId: string): Promise<RunVersions['policy']['decided']> {
    const { rows } = await sql<RunVersions['policy']['decided'][number]>`
      select decision ->> 'policyVersion' as version, decision ->> 'engine' as engine,
        count(*)::int as decisions, (array_agg(id order by run_seq))[1] as "eventId"
        from (select id, run_seq, convert_from(leaf, 'UTF8')::jsonb -> 'decision' as decision
                from audit_event where run_id = ${runId}) event
       where decision is not null
       group by 1, 2 order by min(run_seq) limit ${MAX_ROWS}`.execute(trx);
    return rows;
  }

  /** Which models and prompts have answered, by what the records say. */
  async modelVersions(trx: Trx, runId: string): Promise<ModelVersion[]> {
    const { rows } = await sql<ModelVersion>`
      select agent, model ->> 'provider' as provider, model ->> 'name' as model,
        model ->> 'version' as "modelVersion", model ->> 'promptVersion' as "promptVersion",
        count(*)::int as steps, (array_agg(id order by run_seq))[1] as "eventId"
        from (select id, run_seq, actor_ref as agent, ${MODEL_OF} as model
                from audit_event event
               where run_id = ${runId} and type in ('workflow.step_completed', 'workflow.step_failed')) event
       where model is not null
       group by 1, 2, 3, 4, 5 order by min(run_seq) limit ${MAX_ROWS}`.execute(trx);
    return rows;
  }
}

interface HoldRow {
  readonly id: string;
  readonly scope: string;
  readonly setAt: Date;
  readonly liftedAt: Date | null;
  readonly events: readonly string[];
}

interface SafeModeRow {
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly scope: string;
  readonly to: string;
}

const SAFE_MODE_CHANGES = sql`
  select id as "eventId", occurred_at as "occurredAt",
    convert_from(leaf, 'UTF8')::jsonb -> 'detail' ->> 'scope' as scope,
    convert_from(leaf, 'UTF8')::jsonb -> 'change' ->> 'to' as to
    from audit_event`;

function wordOf({ occurredAt, ...word }: SafeModeRow): SafeModeWord {
  return { ...word, occurredAt: occurredAt.toISOString() };
}
