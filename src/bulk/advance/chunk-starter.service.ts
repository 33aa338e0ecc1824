import { Injectable } from '@nestjs/common';
import { ApiKeyAuthenticator } from '../../auth/api-key-authenticator.js';
import { rolesGrant } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { JobContext } from '../../jobs/jobs.service.js';
import { mapConcurrently } from '../../workflow/engine/map-concurrently.js';
import type { BatchRecord, RowFault } from '../batch.js';
import { BatchControl } from '../batch-control.service.js';
import { batchFact } from '../batch-facts.js';
import { BatchRepository } from '../batch.repository.js';
import { BatchRowRepository, type FailedRow, type PendingRow } from '../batch-row.repository.js';
import { RowStarter } from './row-starter.service.js';

const CHUNK_ROWS = 100;

/** Starts the next rows of a batch, and commits what became of those that could not be started. */
@Injectable()
export class ChunkStarter {
  constructor(
    private readonly batches: BatchRepository,
    private readonly rows: BatchRowRepository,
    private readonly starter: RowStarter,
    private readonly control: BatchControl,
    private readonly keys: ApiKeyAuthenticator,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    @InjectConfig('bulk') private readonly config: AppConfig['bulk'],
  ) {}

  /**
   * Starts up to `limit` rows; false when none is left to start.
   *
   * @throws AppError when rows can be neither started nor refused now; those that were done stay done.
   */
  async startNext(batch: BatchRecord, limit: number, context: JobContext): Promise<boolean> {
    const rows = await this.database.withTenant(batch.tenant_id, (trx) =>
      this.rows.pending(trx, batch.id, batch.next_row, lastOf(batch), Math.min(limit, CHUNK_ROWS)),
    );
    if (rows.length === 0) return false;
    const who = await this.principalOf(batch);
    if ('code' in who) {
      await this.control.failRest(batch.tenant_id, batch.id, who);
      return true;
    }
    const isStopping = batch.on_error === 'stop';
    const done = new Map<number, RowFault | undefined>();
    const faults: unknown[] = [];
    const isHalted = () =>
      context.draining.aborted ||
      context.signal.aborted ||
      faults.length > 0 ||
      (isStopping && [...done.values()].some(Boolean));
    // One after the other where a failure stops the rest: no row behind it is ever started.
    await mapConcurrently(rows, isStopping ? 1 : this.config.concurrency, async (row) => {
      if (isHalted()) return;
      try {
        done.set(row.number, await this.starter.start(who, batch, row));
      } catch (error) {
        faults.push(error);
      }
    });
    await this.commit(batch, rows, done);
    if (isStopping && [...done.values()].some(Boolean)) {
      await this.control.stopAtFailure(batch.tenant_id, batch.id);
    }
    if (faults.length > 0) throw faults[0];
    return true;
  }

  /** The API key that uploaded the batch acts; it is looked at again for each chunk. */
  private async principalOf(batch: BatchRecord): Promise<Principal | RowFault> {
    const authentication = await this.keys.authenticateById(batch.tenant_id, batch.owner_id);
    if (authentication.outcome !== 'accepted') return { code: 'API_KEY_INVALID' };
    const { principal } = authentication;
    return rolesGrant(principal.roles, 'workflows.start') ? principal : { code: 'FORBIDDEN' };
  }

  private async commit(
    batch: BatchRecord,
    rows: readonly PendingRow[],
    done: ReadonlyMap<number, RowFault | undefined>,
  ): Promise<void> {
    const failed = [...done].flatMap(([number, fault]): FailedRow[] => (fault ? [{ number, fault }] : []));
    const firstLeft = rows.find((row) => !done.has(row.number))?.number;
    const next = firstLeft ?? (rows.at(-1)?.number ?? 0) + 1;
    await this.database.withTenant(batch.tenant_id, async (trx) => {
      const now = await this.batches.lock(trx, batch.id);
      // Cancelled, or another process has been here: everything is counted already.
      if (now?.status !== 'RUNNING' || now.next_row !== batch.next_row) return;
      const marked = failed.length === 0 ? 0 : await this.rows.markFailed(trx, batch.id, failed);
      const started = await this.rows.countStarted(trx, batch.id, batch.next_row, next);
      await this.batches.change(
        trx,
        batch.id,
        'RUNNING',
        { next_row: next },
        { rows_started: started, rows_failed: marked },
      );
      if (marked === 0) return;
      const detail = { rows: marked, first: failed[0]?.number ?? 0, codes: codesOf(failed) };
      await this.audit.append(trx, batch.tenant_id, batchFact(batch, { type: 'batch.rows_failed', detail }));
    });
  }
}

/** Where a failure stops the rest, the first row that could not even be read is one. */
function lastOf(batch: BatchRecord): number {
  return (batch.on_error === 'stop' ? batch.first_invalid : null) ?? batch.rows_total + 1;
}

function codesOf(failed: readonly FailedRow[]): string {
  return [...new Set(failed.map(({ fault }) => fault.code))].sort().join(' ');
}
