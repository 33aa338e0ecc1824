import { Injectable, Logger } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { changeOf } from '../runs/run-change.js';
import { RunRepository } from '../runs/run.repository.js';
import { type PreparedChange, RunWriter } from '../runs/run-writer.service.js';
import { type OrphanRun, OrphanRunRepository } from './orphan-runs.repository.js';

const MAX_RUNS = 1_000;

/**
 * Finds runs without a job and gives them one. A run and its job commit together, so this does not happen by itself:
 * somebody has deleted rows of the queue, or restored them from an older backup. Each one is recorded.
 */
@Injectable()
export class OrphanSweep {
  private readonly logger = new Logger(OrphanSweep.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly orphans: OrphanRunRepository,
    private readonly runs: RunRepository,
    private readonly writer: RunWriter,
  ) {}

  /**
   * @param idleSeconds how long a run must have stood still.
   * @returns how many runs were given a job.
   */
  async sweep(idleSeconds: number): Promise<number> {
    const found = await this.database.withSystem((trx) => this.orphans.list(trx, idleSeconds, MAX_RUNS));
    let given = 0;
    for (const orphan of found) {
      if (await this.giveJob(orphan, idleSeconds)) given++;
    }
    return given;
  }

  /** Another process may have found it as well, or somebody has gone on with it: that is asked under the lock. */
  private async giveJob({ tenantId, runId }: OrphanRun, idleSeconds: number): Promise<boolean> {
    const prepared = await this.database.withTenant(
      tenantId,
      async (trx): Promise<PreparedChange | undefined> => {
        const run = await this.runs.lock(trx, runId);
        const orphan = run && (await this.orphans.find(trx, runId, idleSeconds));
        if (!run || !orphan) return undefined;
        const fact = {
          type: 'workflow.job_restored',
          outcome: 'success',
          actor: { type: 'system', ref: 'engine' },
          detail: { job: orphan.job },
        } as const;
        const change = this.writer.prepare(run, changeOf({ facts: [fact], jobs: [{ name: orphan.job }] }));
        await this.writer.apply(trx, change);
        return change;
      },
    );
    if (!prepared) return false;
    this.writer.committed(prepared);
    this.logger.warn(
      { event: 'workflow.job_restored', runId },
      'a run had lost its job and was given another',
    );
    return true;
  }
}
