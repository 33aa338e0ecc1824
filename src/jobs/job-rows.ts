import type { StatementPart } from '../database/statement.js';
import type { JobCatalogue, JobName } from './job-catalogue.js';

/** A job to be made in somebody else's statement. */
export interface NewJob<N extends JobName = JobName> {
  readonly id: string;
  readonly name: N;
  readonly data: JobCatalogue[N];
  /** Jobs of one group are shared out fairly beside those of others. */
  readonly group: string;
  /** Absent = now. */
  readonly startAfter?: Date;
  /** Whether the maker drives the job itself: it is then born as one that was given out. */
  readonly claimed?: boolean;
}

/**
 * The columns that pg-boss's own insert fills, of its schema version {@link PG_BOSS_SCHEMA}: the same rows, written
 * together with the change that causes them. A job is only ever given up by what it drives, so it is kept for good.
 */
const JOB_COLUMNS = `id, name, data, state, group_id, start_after, created_on, started_on, heartbeat_on, keep_until,
  expire_seconds, deletion_seconds, retry_limit, retry_delay, retry_backoff, heartbeat_seconds, policy`;

/** The version of pg-boss's tables that the statements of this room were written for. */
export const PG_BOSS_SCHEMA = 43;

/** Where pg-boss listens, see `plans.notifyChannelSql`: the digest of its schema's name. */
export const CHANNEL = `('pgboss_' || left(encode(sha224('pgboss'::bytea), 'hex'), 24))`;

/**
 * The part of a statement that makes jobs, and wakes workers for those that nobody has claimed.
 *
 * @param condition which of the jobs (`x`) may be made, where the statement decides that itself.
 */
export function newJobsPart(jobs: readonly NewJob[], condition = 'true'): StatementPart {
  return {
    rows: jobs.map(rowOf),
    ctes: (given) => [
      [
        'jobs_made',
        `insert into pgboss.job (${JOB_COLUMNS})
         select x.id, x.name, x.data, (case when x.claimed then 'active' else 'created' end)::pgboss.job_state,
           x.group_id, coalesce(x.start_after, now()), now(), case when x.claimed then now() end,
           case when x.claimed then now() end, coalesce(x.start_after, now()) + interval '10 years', q.expire_seconds,
           q.deletion_seconds, q.retry_limit, q.retry_delay, q.retry_backoff, q.heartbeat_seconds, q.policy
         from json_to_recordset(${given}) as x(
           id uuid, name text, data jsonb, group_id text, start_after timestamptz, claimed boolean, run_id uuid)
         join pgboss.queue q on q.name = x.name
         where ${condition}
         returning name, state, start_after`,
      ],
      [
        'jobs_told',
        `select pg_notify(${CHANNEL}, name) from jobs_made
         where state = 'created' and start_after <= now() group by name`,
      ],
    ],
    effects: ['jobs_told'],
  };
}

/**
 * The part of a statement that ends jobs whose work it commits.
 *
 * @param condition which of the jobs (`x`) may be ended.
 */
export function endedJobsPart(
  jobs: readonly { readonly id: string; readonly name: JobName; readonly run_id: string }[],
  condition = 'true',
): StatementPart {
  return {
    rows: jobs,
    ctes: (given) => [
      [
        'jobs_ended',
        `delete from pgboss.job j using json_to_recordset(${given}) as x(id uuid, name text, run_id uuid)
         where j.name = x.name and j.id = x.id and ${condition}`,
      ],
    ],
  };
}

function rowOf({ id, name, data, group, startAfter, claimed }: NewJob): object {
  return {
    id,
    name,
    data,
    group_id: group,
    start_after: startAfter ?? null,
    claimed: claimed ?? false,
    run_id: (data as { runId?: string }).runId ?? null,
  };
}
