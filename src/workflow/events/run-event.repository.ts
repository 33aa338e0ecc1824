import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** One event of a run, as its row holds it. */
export interface RunEvent {
  /** Position in the run's events, from 1, without gaps. */
  readonly seq: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

/** What is asked for: the events of a run behind a position. */
export interface EventRead {
  readonly tenantId: string;
  readonly runId: string;
  readonly afterSeq: number;
}

/** Reads events for many readers at once; for all tenants, so every read names its own. */
@Injectable()
export class RunEventRepository {
  /** For each read at most `limit` events, in order. */
  async readAll(trx: Trx, reads: readonly EventRead[], limit: number): Promise<RunEvent[][]> {
    const { rows } = await sql<Omit<RunEvent, 'createdAt'> & { n: number; created_at: Date }>`
      select wanted.n::int as n, event.seq, event.type, event.data, event.created_at
        from unnest(${reads.map((read) => read.tenantId)}::uuid[], ${reads.map((read) => read.runId)}::uuid[],
                    ${reads.map((read) => read.afterSeq)}::int[])
             with ordinality as wanted (tenant_id, run_id, after_seq, n)
       cross join lateral (
         select seq, type, data, created_at from workflow_event
          where tenant_id = wanted.tenant_id and run_id = wanted.run_id and seq > wanted.after_seq
          order by seq limit ${limit}) event
       order by wanted.n, event.seq`.execute(trx);
    const found: RunEvent[][] = reads.map(() => []);
    for (const { n, seq, type, data, created_at: createdAt } of rows) {
      found[n - 1]?.push({ seq, type, data, createdAt });
    }
    return found;
  }

  /** Those of the runs that have events behind the position given, with their last one. */
  async moved(
    trx: Trx,
    runIds: readonly string[],
    positions: readonly number[],
  ): Promise<{ id: string; last: number }[]> {
    const { rows } = await sql<{ id: string; last: number }>`
      select run.id, run.event_seq as last
        from unnest(${runIds}::uuid[], ${positions}::int[]) as known (id, seq)
        join workflow_run run on run.id = known.id
       where run.event_seq > known.seq`.execute(trx);
    return rows;
  }
}
