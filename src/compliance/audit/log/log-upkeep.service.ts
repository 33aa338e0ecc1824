import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { requireNotSmaller } from './log-checkpointer.service.js';
import { LogGuard } from './log-guard.service.js';
import type { LogHead } from './log-state.js';
import { LogRepository } from './log.repository.js';
import { SequencerRepository } from './sequencer.repository.js';

/** Looks after logs whether or not they grow. */
@Injectable()
export class LogUpkeep {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SequencerRepository,
    private readonly logs: LogRepository,
    private readonly guard: LogGuard,
  ) {}

  /** Every log, and whether it has grown since its last checkpoint. */
  heads(): Promise<readonly (LogHead & { readonly isGrown: boolean })[]> {
    return this.database.withSequencer((trx) => this.repository.heads(trx));
  }

  /** Requires that a log holds all that was signed of it. @throws LogStopped */
  inspect(head: LogHead): Promise<void> {
    return this.database.withSequencer(async (trx) => {
      // Held, so that nobody signs between these looks.
      const current = (await this.repository.waitForHead(trx, head.tenantId)) ?? head;
      const last = await this.logs.checkpoint(trx, head.tenantId);
      if (last) requireNotSmaller(current, last);
      await this.guard.requireAnchored(trx, current);
    });
  }
}
