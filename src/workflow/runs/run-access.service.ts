import { Injectable } from '@nestjs/common';
import type { RunStatus } from '../../compliance/state/phases.js';
import type { Trx } from '../../database/trx.js';
import type { Run } from './run.js';
import { RunRepository } from './run.repository.js';

/** What other rooms may ask about runs; how they are stored stays here. */
@Injectable()
export class RunAccess {
  constructor(private readonly runs: RunRepository) {}

  find(trx: Trx, runId: string): Promise<Run | undefined> {
    return this.runs.find(trx, runId);
  }

  /** The run, locked until the transaction ends, so that what is recorded follows what was read. */
  lock(trx: Trx, runId: string): Promise<Run | undefined> {
    return this.runs.lock(trx, runId);
  }

  /** Where each of these runs stands; one that does not exist is left out. */
  statusesOf(trx: Trx, runIds: readonly string[]): Promise<Map<string, RunStatus>> {
    return this.runs.statuses(trx, runIds);
  }
}
