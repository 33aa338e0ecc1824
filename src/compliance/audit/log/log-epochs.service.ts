import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import type { Trx } from '../../../database/trx.js';
import { AppError } from '../../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { buildAuditRecord } from '../audit-leaf.js';
import { AuditTrail } from '../audit-trail.service.js';
import type { CheckpointBody } from '../merkle/checkpoint.js';
import { LogAnchors } from './log-anchors.service.js';
import { requireNotSmaller } from './log-checkpointer.service.js';
import { LogGuard } from './log-guard.service.js';
import { originOfEpoch, parseLogOrigin } from './log-origin.js';
import { LogSealer } from './log-sealer.service.js';
import type { LogHead } from './log-state.js';
import { LogStopped } from './log-stopped.js';
import { LogRepository } from './log.repository.js';
import { SealWatch } from './seal-watch.service.js';
import { SequencerRepository } from './sequencer.repository.js';

/** A log under its new name. */
export interface OpenedEpoch {
  readonly origin: string;
  readonly epoch: number;
  /** Place of the event that says so. */
  readonly index: number;
  readonly eventId: string;
}

/** Lets an operator go on from a database that lies behind what had been signed. */
@Injectable()
export class LogEpochs {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SequencerRepository,
    private readonly logs: LogRepository,
    private readonly guard: LogGuard,
    private readonly anchors: LogAnchors,
    private readonly sealer: LogSealer,
    private readonly trail: AuditTrail,
    private readonly watch: SealWatch,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Gives the log a new name. The first leaf sealed under it names the old one, the last known checkpoint of it and the
   * reason: before everything that waits.
   *
   * @throws AppError AUDIT_LOG_EMPTY, AUDIT_EPOCH_NOT_NEEDED when the log agrees with what was signed.
   */
  async open(tenantId: string, principalId: string, reason: string): Promise<OpenedEpoch> {
    const opened = await this.database.withSequencer(async (trx) => {
      const head = await this.repository.waitForHead(trx, tenantId);
      if (!head) throw new AppError('AUDIT_LOG_EMPTY');
      await this.requireStopped(trx, head);
      const last = await this.lastKnown(trx, head);
      const epoch = Math.max(head.epoch, parseLogOrigin(last.origin)?.epoch ?? 0) + 1;
      const origin = originOfEpoch(head.origin, epoch);
      const record = buildAuditRecord(
        tenantId,
        {
          type: 'log.epoch_opened',
          outcome: 'success',
          actor: { type: 'apiKey', ref: principalId },
          detail: {
            reason,
            epoch,
            previousOrigin: last.origin,
            previousSize: Number(last.size),
            previousRoot: last.rootHash.toString('hex'),
          },
        },
        this.clock.now(),
      );
      await this.trail.write(trx, { records: [record], chain: undefined });
      await this.repository.openEpoch(trx, head, epoch, origin);
      const seq = await this.repository.queued(trx, tenantId, record.id);
      const event = { seq, eventId: record.id, occurredAt: record.occurredAt, leafHash: record.leafHash };
      await this.sealer.place(trx, head, event);
      return { origin, epoch, index: head.size, eventId: record.id };
    });
    this.watch.resume(tenantId);
    return opened;
  }

  /** A log that has no fault keeps its name: a new one is something that verifiers ask about. */
  private async requireStopped(trx: Trx, head: LogHead): Promise<void> {
    try {
      const last = await this.logs.checkpoint(trx, head.tenantId);
      if (last) requireNotSmaller(head, last);
      await this.guard.requireAnchored(trx, head);
    } catch (error) {
      if (error instanceof LogStopped) return;
      throw error;
    }
    throw new AppError('AUDIT_EPOCH_NOT_NEEDED');
  }

  /** The largest head that was signed, wherever it is known from. */
  private async lastKnown(trx: Trx, head: LogHead): Promise<CheckpointBody> {
    const stored = await this.logs.checkpoint(trx, head.tenantId);
    const anchored = await this.anchors.latest(head.tenantId);
    if (anchored && anchored.size >= BigInt(stored?.size ?? 0)) return anchored;
    const { origin, size, rootHash } = stored ?? head;
    return { origin, size: BigInt(size), rootHash };
  }
}
