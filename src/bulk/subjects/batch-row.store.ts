import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isNamedIn, partsNaming, withoutNamed } from '../../compliance/pii/named-in.js';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../../compliance/subjects/personal-stores.js';
import type { Trx } from '../../database/trx.js';
import { BatchRowRepository, type WaitingRow } from '../batch-row.repository.js';
import type { StartRow } from '../intake/start-row.js';
import { RowSeal } from '../row-seal.service.js';

const PAGE = 1_000;

/**
 * Rows of uploads that are not started yet; later they are runs. After an erasure a row starts without the person, or
 * fails where its definition asks for somebody.
 */
@Injectable()
export class BatchRowStore implements PersonalStore, OnModuleInit {
  readonly name = 'batchRows';
  readonly tables = ['batch', 'batch_row'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly rows: BatchRowRepository,
    private readonly seal: RowSeal,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, subject: DataSubject, after: string | undefined): Promise<HeldPage> {
    const rows = await this.rows.waiting(trx, placeOf(after), PAGE);
    const records = rows
      .map((row) => ({ row, parts: partsNaming(this.open(subject, row), subject.isNamedIn) }))
      .filter(({ parts }) => parts.length > 0)
      .map(({ row, parts }) => ({ kind: 'batchRow', batchId: row.batchId, row: row.number, input: parts }));
    return { records, next: nextOf(rows) };
  }

  async erase(trx: Trx, subject: DataSubject, after: string | undefined): Promise<ErasedPart> {
    const rows = await this.rows.waiting(trx, placeOf(after), PAGE);
    let count = 0;
    for (const row of rows) {
      const start = this.open(subject, row);
      if (!isNamedIn(start, subject.isNamedIn)) continue;
      const input = (withoutNamed(start.input, subject.isNamedIn) ?? {}) as StartRow['input'];
      const sealed = this.seal.seal(subject.tenantId, row.batchId, row.number, { ...start, input });
      if (await this.rows.reseal(trx, row, sealed)) count += 1;
    }
    return { counts: { batchRows: count }, next: nextOf(rows) };
  }

  private open({ tenantId }: DataSubject, { batchId, number, sealed }: WaitingRow): StartRow {
    return this.seal.open(tenantId, batchId, number, sealed);
  }
}

function nextOf(rows: readonly WaitingRow[]): string | undefined {
  const last = rows.at(-1);
  return rows.length < PAGE || !last ? undefined : `${last.batchId} ${last.number}`;
}

function placeOf(after: string | undefined): { batchId: string; number: number } | undefined {
  if (after === undefined) return undefined;
  const [batchId = '', number = ''] = after.split(' ');
  return { batchId, number: Number(number) };
}
