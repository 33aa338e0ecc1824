import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** Reads runs for the archive. For transactions of `withRetention`. */
@Injectable()
export class RunArchiveRepository {
  /**
   * A run with all that is its own, as one line of JSON: the rows as they stand in the tables (bytes as `\x` and
   * hexadecimal digits), and the contents by their hashes. Tokens stay tokens; the vault is left out.
   */
  async line(trx: Trx, runId: string): Promise<string> {
    const { rows } = await sql<{ line: string }>`
      select jsonb_build_object(
        'v', 1,
        'run', to_jsonb(run),
        'steps', (select coalesce(jsonb_agg(to_jsonb(part) order by seq), '[]') from workflow_step part where run_id = run.id),
        'events', (select coalesce(jsonb_agg(to_jsonb(part) order by seq), '[]') from workflow_event part where run_id = run.id),
        'signals', (select coalesce(jsonb_agg(to_jsonb(part) order by id), '[]') from workflow_signal part where run_id = run.id),
        'artifacts', (select coalesce(jsonb_agg(to_jsonb(part) order by id), '[]') from artifact part where run_id = run.id),
        'approvals', (select coalesce(jsonb_agg(to_jsonb(part) order by id), '[]') from approval part where run_id = run.id),
        'decisions',
          (select coalesce(jsonb_agg(to_jsonb(part) order by id), '[]') from approval_decision part where run_id = run.id),
        'delegations',
          (select coalesce(jsonb_agg(to_jsonb(part) order by id), '[]') from approval_delegation part where run_id = run.id),
        'deliveries', (select coalesce(jsonb_agg(to_jsonb(part) order by index), '[]') from delivery part where run_id = run.id),
        'contents', (
          select coalesce(jsonb_object_agg(encode(content.hash, 'hex'), content.body), '{}') from content
          where content.hash in (
            select run.input_hash
            union select run.output_hash
            union select output_hash from workflow_step where run_id = run.id
            union select content_hash from artifact where run_id = run.id
          )
        )
      )::text as line
      from workflow_run run where run.id = ${runId}`.execute(trx);
    const line = rows[0]?.line;
    if (line === undefined) throw new Error('a run that was locked is gone');
    return line;
  }
}
