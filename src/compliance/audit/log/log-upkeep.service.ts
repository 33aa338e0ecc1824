import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { type AuditRecord, buildAuditRecord } from '../audit-leaf.js';
import { AuditRepository } from '../audit.repository.js';
import { cosign } from '../merkle/checkpoint.js';
import { parseNote } from '../merkle/signed-note.js';
import { requireNotSmaller } from './log-checkpointer.service.js';
import { LogGuard } from './log-guard.service.js';
import { LogKeys } from './log-keys.service.js';
import { type LogHead, SYSTEM_LOG_TENANT_ID } from './log-state.js';
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
    private readonly keys: LogKeys,
    private readonly trail: AuditRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
  ) {}

  /** Every log, and whether it has grown since its last checkpoint. */
  heads(): Promise<readonly (LogHead & { readonly isGrown: boolean })[]> {
    return this.database.withSequencer((trx) => this.repository.heads(trx));
  }

  /**
   * Puts the newest checkpoint of every tenant into the log of the instance, so that whoever holds a checkpoint of that
   * one holds all of them.
   */
  record(): Promise<void> {
    return this.database.withSequencer(async (trx) => {
      const heads = await this.repository.unrecorded(trx);
      const records = heads.map(({ origin, size, rootHash }) =>
        buildAuditRecord(
          SYSTEM_LOG_TENANT_ID,
          {
            type: 'log.checkpoint_recorded',
            outcome: 'success',
            actor: { type: 'system', ref: 'sequencer' },
            detail: { origin, size, rootHash: rootHash.toString('hex') },
          },
          this.clock.now(),
        ),
      );
      if (records.length > 0) await this.trail.insert(trx, records);
      for (const [at, head] of heads.entries()) {
        await this.repository.markRecorded(trx, head, (records[at] as AuditRecord).id);
      }
    });
  }

  /** Signs the newest checkpoint of idle logs again, with the time: so that silence shows. */
  cosignIdle(): Promise<void> {
    return this.database.withSequencer(async (trx) => {
      const now = this.clock.now();
      const since = new Date(now.getTime() - this.config.cosignMinutes * 60_000);
      const name = this.keys.cosignerName;
      for (const checkpoint of await this.repository.silentSince(trx, name, since)) {
        const text = parseNote(checkpoint.note)?.text ?? '';
        const line = cosign(text, name, this.keys.cosigner(), now);
        await this.repository.putCosignature(trx, checkpoint, name, line, now);
      }
    });
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
