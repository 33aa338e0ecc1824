import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type { BatchRecord } from '../batch.js';
import { BatchRepository } from '../batch.repository.js';
import { BatchRowRepository, type NewRow } from '../batch-row.repository.js';
import { RowSeal } from '../row-seal.service.js';
import { checkRow } from './start-row.js';
import type { UploadedRow } from './upload-rows.js';

const CHUNK_ROWS = 500;
const CHUNK_BYTES = 1_048_576;

/** What of an upload was stored. */
export interface StoredRows {
  readonly rows: number;
  /** Rows that can not be started, whatever comes. */
  readonly invalid: number;
  readonly firstInvalid: number | null;
}

/** Stores the rows of an upload, sealed. No more of them is held in memory than one statement takes. */
@Injectable()
export class RowStore {
  constructor(
    private readonly batches: BatchRepository,
    private readonly rows: BatchRowRepository,
    private readonly seal: RowSeal,
    private readonly database: DatabaseService,
    @InjectConfig('bulk') private readonly config: AppConfig['bulk'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError BATCH_TOO_MANY_ROWS; BATCH_ALREADY_ENDED when the batch was cancelled meanwhile. */
  async storeAll(batch: BatchRecord, uploaded: AsyncIterable<UploadedRow>): Promise<StoredRows> {
    let chunk: NewRow[] = [];
    let bytes = 0;
    let rows = 0;
    let invalid = 0;
    let firstInvalid: number | null = null;
    for await (const each of uploaded) {
      if (rows === this.config.maxRows) throw tooMany(this.config.maxRows);
      const row = this.stored(batch, ++rows, each);
      if (row.fault) {
        invalid++;
        firstInvalid ??= row.number;
      }
      chunk.push(row);
      bytes += row.sealed?.length ?? 0;
      if (chunk.length < CHUNK_ROWS && bytes < CHUNK_BYTES) continue;
      await this.flush(batch, chunk, rows, invalid);
      chunk = [];
      bytes = 0;
    }
    if (chunk.length > 0) await this.flush(batch, chunk, rows, invalid);
    return { rows, invalid, firstInvalid };
  }

  private stored(batch: BatchRecord, number: number, uploaded: UploadedRow): NewRow {
    const { line } = uploaded;
    const checked =
      'fault' in uploaded
        ? uploaded
        : checkRow(uploaded.value, { sessionId: batch.session_id, definition: batch.definition });
    if ('fault' in checked) return { number, line, sealed: null, fault: checked.fault };
    return {
      number,
      line,
      sealed: this.seal.seal(batch.tenant_id, batch.id, number, checked.row),
      fault: null,
    };
  }

  private async flush(
    batch: BatchRecord,
    chunk: readonly NewRow[],
    rows: number,
    invalid: number,
  ): Promise<void> {
    await this.database.withTenant(batch.tenant_id, async (trx) => {
      const touched = { rows_total: rows, rows_invalid: invalid, touched_at: this.clock.now() };
      if (!(await this.batches.change(trx, batch.id, 'RECEIVING', touched))) {
        throw new AppError('BATCH_ALREADY_ENDED', {
          detail: 'The batch was ended while its upload was under way.',
        });
      }
      await this.rows.insert(trx, batch.tenant_id, batch.id, chunk);
    });
  }
}

function tooMany(maxRows: number): AppError {
  return new AppError('BATCH_TOO_MANY_ROWS', {
    detail: `An upload may have ${maxRows} rows; nothing was started.`,
  });
}
