import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import type { Trx } from '../../../database/trx.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { buildAuditRecord } from '../audit-leaf.js';
import { AuditRepository } from '../audit.repository.js';
import { signCheckpoint } from '../merkle/checkpoint.js';
import { parseNote, signersOf } from '../merkle/signed-note.js';
import { verifierKey } from '../merkle/verifier-key.js';
import { LogAnchors } from './log-anchors.service.js';
import { LogGuard } from './log-guard.service.js';
import { LogKeys } from './log-keys.service.js';
import type { LogHead, StoredCheckpoint } from './log-state.js';
import { LogStopped } from './log-stopped.js';
import { LogRepository } from './log.repository.js';
import { SequencerRepository } from './sequencer.repository.js';

/** Signs the committed heads of logs: never a smaller size, never a second root for one size. */
@Injectable()
export class LogCheckpointer {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SequencerRepository,
    private readonly logs: LogRepository,
    private readonly guard: LogGuard,
    private readonly anchors: LogAnchors,
    private readonly keys: LogKeys,
    private readonly trail: AuditRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
  ) {}

  /**
   * Signs the head of a log unless the last checkpoint covers it, or is too young.
   *
   * @returns whether a checkpoint covers the head now.
   * @throws LogStopped when what is stored does not agree with what was signed.
   */
  checkpointWhenDue(tenantId: string): Promise<boolean> {
    return this.checkpoint(tenantId, this.config.checkpointIntervalMs);
  }

  /** Signs the head of a log unless the last checkpoint covers it. @throws LogStopped */
  async checkpointNow(tenantId: string): Promise<void> {
    await this.checkpoint(tenantId, Number.NEGATIVE_INFINITY);
  }

  private checkpoint(tenantId: string, leastAgeMs: number): Promise<boolean> {
    return this.database.withSequencer(async (trx) => {
      // Held until the checkpoint is stored, so that two processes sign one after the other.
      const head = await this.repository.waitForHead(trx, tenantId);
      if (!head || head.size === 0) return true;
      const last = await this.logs.checkpoint(trx, tenantId);
      if (last) requireNotSmaller(head, last);
      if (last?.epoch === head.epoch && last.size === head.size) return true;
      const createdAt = this.clock.now();
      if (last && createdAt.getTime() - last.createdAt.getTime() < leastAgeMs) return false;
      await this.guard.requireAnchored(trx, head);
      // Both from the stored tiles: the old tree is a prefix of the new one, or one of the roots is another.
      if (last?.epoch === head.epoch) await this.guard.requireRoot(trx, head, last.size, last.rootHash);
      await this.guard.requireRoot(trx, head, head.size, head.rootHash);
      const checkpoint = this.sign(head, createdAt);
      if (last) await this.noteNewKey(trx, last, createdAt);
      await this.anchors.take(checkpoint);
      await this.repository.insertCheckpoint(trx, checkpoint);
      this.guard.contains(checkpoint);
      return true;
    });
  }

  /** The log itself says when a key signs it for the first time, however that one came about. */
  private async noteNewKey(trx: Trx, last: StoredCheckpoint, at: Date): Promise<void> {
    const note = parseNote(last.note);
    const keys = this.keys.publicKeys();
    const hasSigned = (publicKey: Buffer) =>
      note !== undefined && signersOf(note, [verifierKey(last.origin, 'ed25519', publicKey)]).length > 0;
    const [current] = keys;
    if (!current || hasSigned(current)) return;
    const previous = keys.find(hasSigned);
    const record = buildAuditRecord(
      last.tenantId,
      {
        type: 'log.key_rotated',
        outcome: 'success',
        actor: { type: 'system', ref: 'sequencer' },
        detail: {
          publicKey: current.toString('hex'),
          ...(previous && { previousPublicKey: previous.toString('hex') }),
        },
      },
      at,
    );
    await this.trail.insert(trx, [record]);
  }

  private sign(head: LogHead, createdAt: Date): StoredCheckpoint {
    const { tenantId, epoch, origin, size, rootHash } = head;
    const body = { origin, size: BigInt(size), rootHash };
    return {
      tenantId,
      epoch,
      origin,
      size,
      rootHash,
      note: signCheckpoint(body, this.keys.signers()),
      createdAt,
    };
  }
}

/** @throws LogStopped when more was signed than is stored. */
export function requireNotSmaller(head: LogHead, last: StoredCheckpoint): void {
  if (last.epoch > head.epoch || (last.epoch === head.epoch && last.size > head.size)) {
    throw new LogStopped(`the log has ${head.size} leaves, its last checkpoint ${last.size}`);
  }
}
