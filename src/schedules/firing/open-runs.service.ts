import { Injectable } from '@nestjs/common';
import { isEnded } from '../../compliance/state/phases.js';
import type { Trx } from '../../database/trx.js';
import { RunAccess } from '../../workflow/runs/run-access.service.js';
import { FireRepository } from '../fire.repository.js';

/** More are not looked at in one go; whoever cancels them looks again. */
const MAX_OPEN_RUNS = 200;

/** Runs of a schedule that have not ended. */
@Injectable()
export class OpenRuns {
  constructor(
    private readonly fires: FireRepository,
    private readonly runs: RunAccess,
  ) {}

  /** The newest of them, and remembers which have ended, so that they are not looked at again. */
  async of(trx: Trx, scheduleId: string): Promise<string[]> {
    const started = await this.fires.listRunsNotEnded(trx, scheduleId, MAX_OPEN_RUNS);
    const statuses = await this.runs.statusesOf(trx, started);
    const isOpen = (runId: string) => {
      const status = statuses.get(runId);
      return status !== undefined && !isEnded(status);
    };
    await this.fires.noteEnded(
      trx,
      scheduleId,
      started.filter((runId) => !isOpen(runId)),
    );
    return started.filter(isOpen);
  }
}
