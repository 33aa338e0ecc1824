import { Injectable } from '@nestjs/common';
import type { BatchedQuestion } from '../../database/batched-read.js';
import type { Execute } from '../../database/statement.js';

export interface ChainQuestion {
  readonly runId: string;
  readonly since: Date;
}

export interface ChainRow {
  /** The question it answers. */
  readonly n: number;
  readonly stored: number;
  /** Null where there is no event. */
  readonly unbroken: boolean | null;
  /** Hash of the newest event. */
  readonly head: Buffer | null;
}

/** Clocks of processes differ, and events lie in partitions by day. */
const LEEWAY_MS = 86_400_000;

@Injectable()
export class RunChainRepository {
  /** The chains of many runs at once. Hashes are computed where the leaves lie, so that these need not travel. */
  static readonly CHAINS: BatchedQuestion<ChainQuestion> = {
    name: 'run_chains',
    text: `
      select asked.n, chain.stored, chain.unbroken, chain.head
      from json_to_recordset($1) as asked (n int, run_id uuid, since timestamptz)
      cross join lateral (
        select count(*)::int as stored, bool_and(sound) as unbroken,
          (array_agg(leaf_hash order by run_seq desc))[1] as head
        from (
          select run_seq, leaf_hash,
            run_seq = row_number() over places
              and run_prev is not distinct from lag(leaf_hash) over places
              and leaf_hash = sha256('\\x00'::bytea || leaf) as sound
          from audit_event
          where audit_event.run_id = asked.run_id and occurred_at >= asked.since
          window places as (order by run_seq)
        ) event
      ) chain`,
    rowOf: ({ runId, since }) => ({ run_id: runId, since: new Date(since.getTime() - LEEWAY_MS) }),
  };

  async chain(execute: Execute, question: ChainQuestion): Promise<ChainRow | undefined> {
    const { name, text, rowOf } = RunChainRepository.CHAINS;
    const [row] = await execute<ChainRow>({
      name,
      text,
      values: [JSON.stringify([{ n: 0, ...rowOf(question) }])],
    });
    return row;
  }
}
