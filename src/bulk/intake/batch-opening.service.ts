import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { deriveKey, pseudonym } from '../../kernel/sealing.js';
import { SessionService } from '../../sessions/session.service.js';
import { DefinitionStore } from '../../workflow/definitions/definition-store.service.js';
import { type BatchRecord, isBatchEnded } from '../batch.js';
import { BatchControl } from '../batch-control.service.js';
import { batchFact } from '../batch-facts.js';
import { type BatchKey, BatchRepository } from '../batch.repository.js';
import type { Upload } from './upload.js';

/** An upload that has stored nothing for so long is not going to. */
export const LOST_AFTER_MS = 180_000;

/** Opens a batch for an upload, or finds the one that stands under its idempotency key. */
@Injectable()
export class BatchOpening {
  constructor(
    private readonly batches: BatchRepository,
    private readonly control: BatchControl,
    private readonly sessions: SessionService,
    private readonly definitions: DefinitionStore,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    @InjectConfig('vault') private readonly vault: AppConfig['vault'],
    @InjectConfig('workflow') private readonly workflow: AppConfig['workflow'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError SESSION_NOT_FOUND, SESSION_EXPIRED, DEFINITION_NOT_FOUND, IDEMPOTENCY_IN_PROGRESS. */
  open(principal: Principal, upload: Upload): Promise<{ batch: BatchRecord; isNew: boolean }> {
    const { tenantId, id: ownerId } = principal;
    const key = upload.idempotencyKey && { ownerId, key: this.pseudonymOf(tenantId, upload.idempotencyKey) };
    return this.database.withTenant(tenantId, async (trx) => {
      const known = key ? await this.knownUnder(trx, key) : undefined;
      if (known) return { batch: known, isNew: false };
      return { batch: await this.create(trx, principal, upload, key || undefined), isNew: true };
    });
  }

  /** @throws AppError IDEMPOTENCY_KEY_REUSED unless the batch was made of just this upload. */
  refuseOther(batch: BatchRecord, upload: Upload, bodyHash: Buffer): void {
    const fingerprint = this.fingerprintOf(batch.tenant_id, upload, bodyHash);
    if (!batch.fingerprint?.equals(fingerprint)) throw new AppError('IDEMPOTENCY_KEY_REUSED');
  }

  /** Keyed, because a plain hash of a small upload could be guessed from the table. */
  fingerprintOf(tenantId: string, upload: Upload, bodyHash: Buffer): Buffer {
    const { format, onError, definition = null, version = null, sessionId = null } = upload;
    return createHmac('sha256', this.keyOf(tenantId))
      .update(canonicalJson({ format, onError, definition, version, sessionId }))
      .update(bodyHash)
      .digest();
  }

  private async knownUnder(trx: Trx, key: BatchKey): Promise<BatchRecord | undefined> {
    const batch = await this.batches.lockByKey(trx, key);
    if (!batch) return undefined;
    const now = this.clock.now();
    if (batch.status === 'RECEIVING') {
      if (now.getTime() - batch.touched_at.getTime() < LOST_AFTER_MS) throw inProgress();
      await this.control.discard(trx, batch, 'UPLOAD_LOST', {});
      return undefined;
    }
    const isForgotten =
      isBatchEnded(batch.status) && batch.key_expires_at !== null && batch.key_expires_at <= now;
    if (!isForgotten) return batch;
    await this.batches.change(trx, batch.id, batch.status, { idempotency_key: null });
    return undefined;
  }

  private async create(
    trx: Trx,
    principal: Principal,
    upload: Upload,
    key: BatchKey | undefined,
  ): Promise<BatchRecord> {
    if (upload.sessionId !== undefined) await this.sessions.use(trx, principal, upload.sessionId);
    // All rows are started with the version that is the newest now, however long that takes.
    const version =
      upload.definition === undefined
        ? null
        : (await this.definitions.get(trx, upload.definition, upload.version)).definition.version;
    const now = this.clock.now();
    const id = newId();
    const opened = await this.batches.insert(trx, {
      id,
      tenant_id: principal.tenantId,
      owner_id: principal.id,
      status: 'RECEIVING',
      format: upload.format,
      on_error: upload.onError,
      definition: upload.definition ?? null,
      definition_version: version,
      session_id: upload.sessionId ?? null,
      request_id: upload.requestId,
      idempotency_key: key?.key ?? null,
      key_expires_at: key ? new Date(now.getTime() + this.workflow.idempotencyHours * 3_600_000) : null,
      created_at: now,
      touched_at: now,
    });
    if (!opened) throw inProgress();
    const batch = (await this.batches.find(trx, id)) as BatchRecord;
    const detail = {
      format: batch.format,
      onError: batch.on_error,
      ...(batch.definition !== null && version !== null && { definition: batch.definition, version }),
    };
    const fact = batchFact(batch, { type: 'batch.created', detail }, { actorId: principal.id });
    await this.audit.append(trx, principal.tenantId, fact);
    return batch;
  }

  private pseudonymOf(tenantId: string, key: string): string {
    // Clients make keys of what they have at hand, addresses included.
    return pseudonym(this.keyOf(tenantId), key);
  }

  private keyOf(tenantId: string): Buffer {
    return deriveKey(this.vault.kek, 'bulk-idempotency', tenantId);
  }
}

function inProgress(): AppError {
  return new AppError('IDEMPOTENCY_IN_PROGRESS', { headers: { 'retry-after': '1' } });
}
