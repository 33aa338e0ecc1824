import { Injectable } from '@nestjs/common';
import { BatchedRead } from '../../database/batched-read.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { within } from '../../database/within.js';
import type { RunChain } from './audit-leaf.js';
import { type ChainQuestion, type ChainRow, RunChainRepository } from './run-chain.repository.js';

/** A run's own chain of audit events as the database holds it, against what the run says of it. */
export interface ChainReading {
  /** Events that the run has counted. */
  readonly expected: number;
  /** Events that are there. */
  readonly stored: number;
  /** Whether each is what its hash says and names the one before it, up to the one that the run names as its newest. */
  readonly unbroken: boolean;
}

/** The chain of a run that nothing was written of yet. */
export const NO_CHAIN: ChainReading = { expected: 0, stored: 0, unbroken: true };

/** Reads the audit chains of single runs. The verification of whole logs is another thing: this holds up nobody. */
@Injectable()
export class RunChains {
  private readonly chains: BatchedRead<ChainQuestion, ChainRow>;

  constructor(
    private readonly repository: RunChainRepository,
    database: DatabaseService,
  ) {
    this.chains = new BatchedRead(database.asEngine, RunChainRepository.CHAINS);
  }

  /** @param since when the run was made: nothing of it is older. */
  async read(trx: Trx, chain: RunChain, since: Date): Promise<ChainReading> {
    return readingOf(chain, await this.repository.chain(within(trx), { runId: chain.runId, since }));
  }

  /** The same by what is committed now, together with other runs that ask at this moment. */
  async readNow(chain: RunChain, since: Date): Promise<ChainReading> {
    const [row] = await this.chains.ask({ runId: chain.runId, since });
    return readingOf(chain, row);
  }
}

function readingOf({ seq, head }: RunChain, row: ChainRow | undefined): ChainReading {
  const stored = row?.stored ?? 0;
  const endsThere = row?.head && head ? row.head.equals(head) : !row?.head && !head;
  return { expected: seq, stored, unbroken: row?.unbroken !== false && endsThere };
}
