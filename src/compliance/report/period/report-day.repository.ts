import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';
import { firstIdAt } from '../../../kernel/ids.js';
import type { EventGroup, PeriodFigures } from './event-group.js';

/** A stored day, as `YYYY-MM-DD` in UTC. */
export interface StoredDay extends PeriodFigures {
  readonly day: string;
}

/**
 * What tells groups of a type apart, read from the leaf. The trail's types are known here by name only: a type without
 * a line is counted by its code.
 */
const KEYS = sql`case
  when type = 'workflow.started' then jsonb_build_array(leaf #>> '{detail,definition}', leaf #>> '{detail,version}')
  when type = 'workflow.transition' then jsonb_build_array(leaf #>> '{change,to}')
  when type = 'workflow.transition_denied' then jsonb_build_array(leaf #>> '{change,to}', leaf #>> '{detail,violations}')
  when type = 'workflow.start_denied' then jsonb_build_array('INITIALIZATION', leaf #>> '{detail,violations}')
  when type in ('workflow.step_completed', 'workflow.step_failed', 'workflow.step_retried') then
    jsonb_build_array(leaf #>> '{model,provider}', leaf #>> '{model,name}', leaf #>> '{detail,degraded}', leaf ->> 'code')
  when type = 'approval.decided' then jsonb_build_array(leaf #>> '{oversight,decision}', leaf #>> '{detail,edited}',
    leaf #>> '{detail,fourEyes}', leaf #>> '{detail,requesterDecided}',
    -- Two significant digits: exact enough for a median, and of a bounded number.
    round((leaf #>> '{oversight,seconds}')::numeric,
      1 - floor(log(greatest((leaf #>> '{oversight,seconds}')::numeric, 1)))::int)::bigint::text)
  when type in ('delivery.settled', 'delivery.sending') then
    jsonb_build_array(leaf #>> '{detail,channel}', leaf #>> '{detail,status}')
  else jsonb_build_array(leaf ->> 'code')
end`;

@Injectable()
export class ReportDayRepository {
  /** Counts the events between two moments; a leaf that is no JSON counts as one without any member. */
  async count(trx: Trx, from: Date, to: Date): Promise<PeriodFigures> {
    const { rows } = await sql<EventGroup>`
      with event as (
        select type, outcome, encode(leaf_hash, 'hex') || id as sample,
          case when pg_input_is_valid(convert_from(leaf, 'UTF8'), 'jsonb') then convert_from(leaf, 'UTF8')::jsonb
            else '{}' end as leaf
        from audit_event where occurred_at >= ${from} and occurred_at < ${to}
      )
      select type, outcome, ${KEYS} as key, count(*)::int as events,
        coalesce(sum((leaf #>> '{detail,calls}')::int), 0)::bigint as calls,
        coalesce(sum((leaf #>> '{model,inputTokens}')::bigint), 0)::bigint as "inputTokens",
        coalesce(sum((leaf #>> '{model,outputTokens}')::bigint), 0)::bigint as "outputTokens",
        coalesce(sum((leaf #>> '{model,costUsd}')::numeric), 0)::numeric(18, 6)::text as "costUsd",
        coalesce(sum((leaf #>> '{detail,granted}')::int) filter (where type = 'consent.recorded'), 0)::bigint as granted,
        coalesce(sum((leaf #>> '{detail,withdrawn}')::int) filter (where type = 'consent.recorded'), 0)::bigint
          as withdrawn,
        coalesce(sum((leaf #>> '{detail,removed.workflow_run}')::int), 0)::bigint as "removedRuns",
        min(sample) as sample
      from event group by type, outcome, key order by type, outcome, key`.execute(trx);
    return {
      events: rows.reduce((sum, row) => sum + row.events, 0),
      groups: rows,
      findings: await this.findings(trx, from, to),
    };
  }

  /** The days of a range that are counted, oldest first. */
  async stored(trx: Trx, from: Date, to: Date): Promise<StoredDay[]> {
    const { rows } = await sql<StoredDay>`
      select day::text, events, figures -> 'groups' as groups, figures -> 'findings' as findings
      from report_day where day >= ${dayOf(from)}::date and day < ${dayOf(to)}::date order by day`.execute(
      trx,
    );
    return rows;
  }

  /** Stores a day; one that is stored stays as it is. */
  async store(
    trx: Trx,
    tenantId: string,
    day: Date,
    { events, groups, findings }: PeriodFigures,
  ): Promise<void> {
    await sql`
      insert into report_day (tenant_id, day, events, figures)
      values (${tenantId}, ${dayOf(day)}::date, ${events}, ${JSON.stringify({ groups, findings })})
      on conflict do nothing`.execute(trx);
  }

  /** Runs that were started in a period and are still stored, by definition and status. */
  async storedRuns(
    trx: Trx,
    from: Date,
    to: Date,
  ): Promise<{ definition: string; status: string; runs: number }[]> {
    const between = [firstIdAt(from.getTime()), firstIdAt(to.getTime())] as const;
    const counted = (ended: boolean) =>
      trx
        .selectFrom('workflow_run')
        .select(['definition', 'status'])
        .select(({ fn }) => fn.countAll<number>().as('runs'))
        .where('completed_at', ended ? 'is not' : 'is', null)
        .where('id', '>=', between[0])
        .where('id', '<', between[1])
        .groupBy(['definition', 'status'])
        .orderBy('definition')
        .orderBy('status')
        .execute();
    return [...(await counted(false)), ...(await counted(true))];
  }

  /** All tenants, for the count of days that are over. */
  async tenants(trx: Trx): Promise<string[]> {
    const rows = await trx.selectFrom('tenant').select('id').orderBy('id').execute();
    return rows.map(({ id }) => id);
  }

  /** By the ids of the runs, which begin with the time of their start: the vault has no other order. */
  private async findings(trx: Trx, from: Date, to: Date): Promise<Record<string, number>> {
    const rows = await trx
      .selectFrom('vault_token')
      .select('entity')
      .select(({ fn }) => fn.countAll<number>().as('tokens'))
      .where('run_id', '>=', firstIdAt(from.getTime()))
      .where('run_id', '<', firstIdAt(to.getTime()))
      .groupBy('entity')
      .orderBy('entity')
      .execute();
    return Object.fromEntries(rows.map(({ entity, tokens }) => [entity, tokens]));
  }
}

/** The day of a moment in UTC. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
