import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { AppError } from '../../../kernel/app-error.js';
import { AuditTrail } from '../audit-trail.service.js';
import { LogKeys } from './log-keys.service.js';
import { SYSTEM_LOG_TENANT_ID } from './log-state.js';

/** Public keys that sign, hexadecimal. */
export interface SigningKeys {
  readonly publicKey: string;
  /** Signs beside it until the overlap is ended. */
  readonly previousPublicKey: string | null;
}

/**
 * Changes the key that signs the checkpoints of all logs, where the instance keeps it itself. Each log says besides, when
 * it is first signed by a key it did not know, that it is.
 */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly database: DatabaseService,
    private readonly keys: LogKeys,
    private readonly trail: AuditTrail,
  ) {}

  /** Ends the overlap of an earlier change, if there is one. @throws AppError AUDIT_KEY_CONFIGURED, AUDIT_UNAVAILABLE. */
  async rotate(principalId: string, requestId: string): Promise<SigningKeys> {
    this.requireOwnKey();
    const [present] = this.keys.publicKeys() as [Buffer];
    const next = this.keys.newSeed();
    const publicKey = this.keys.publicKeyOf(next);
    const keys = { publicKey: publicKey.toString('hex'), previousPublicKey: present.toString('hex') };
    await this.recorded(principalId, requestId, keys, () => this.keys.begin(next));
    return keys;
  }

  /** @throws AppError AUDIT_KEY_CONFIGURED, AUDIT_KEY_NOT_OVERLAPPING when one key signs, AUDIT_UNAVAILABLE. */
  async endOverlap(principalId: string, requestId: string): Promise<void> {
    this.requireOwnKey();
    const [present, overlapping] = this.keys.publicKeys() as [Buffer, Buffer | undefined];
    if (!overlapping) throw new AppError('AUDIT_KEY_NOT_OVERLAPPING');
    await this.recorded(principalId, requestId, { publicKey: present.toString('hex') }, () =>
      this.keys.endOverlap(),
    );
  }

  private requireOwnKey(): void {
    if (!this.keys.isOwn) throw new AppError('AUDIT_KEY_CONFIGURED');
  }

  /** The file is written when the record is, and before it is committed: a key that signs without a record is refused. */
  private recorded(
    principalId: string,
    requestId: string,
    detail: { readonly publicKey: string; readonly previousPublicKey?: string },
    write: () => void,
  ): Promise<void> {
    return this.database.withTenant(SYSTEM_LOG_TENANT_ID, async (trx) => {
      await this.trail.append(trx, SYSTEM_LOG_TENANT_ID, {
        type: 'log.key_rotated',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principalId },
        context: { requestId },
        detail,
      });
      write();
    });
  }
}
