import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import type { AuditExportTable } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import type { ExportRequest } from '../audit/export/audit-exporter.service.js';
import type { AuditExport } from './audit-export.js';

/** Rows of `trail_export`. */
@Injectable()
export class AuditExportRepository {
  async insert(
    trx: Trx,
    row: Pick<AuditExport, 'id' | 'tenantId' | 'requestedBy' | 'requestId' | 'request' | 'createdAt'>,
  ): Promise<void> {
    await trx
      .insertInto('trail_export')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        requested_by: row.requestedBy,
        request_id: row.requestId,
        status: 'QUEUED',
        request: JSON.stringify(row.request),
        created_at: row.createdAt,
      })
      .execute();
  }

  async find(trx: Trx, id: string): Promise<AuditExport | undefined> {
    const row = await trx.selectFrom('trail_export').selectAll().where('id', '=', id).executeTakeFirst();
    return row && exportOf(row);
  }

  /** The row, locked until the transaction ends. */
  async lock(trx: Trx, id: string): Promise<AuditExport | undefined> {
    const row = await trx
      .selectFrom('trail_export')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    return row && exportOf(row);
  }

  /** Newest first; `before` is the id the last page ended with. */
  async list(trx: Trx, limit: number, before: string | undefined): Promise<AuditExport[]> {
    let rows = trx.selectFrom('trail_export').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== undefined) rows = rows.where('id', '<', before);
    return (await rows.execute()).map(exportOf);
  }

  async begin(trx: Trx, id: string, attempts: number, at: Date): Promise<void> {
    await trx
      .updateTable('trail_export')
      .set({ status: 'RUNNING', attempts, started_at: at, next_index: null })
      .where('id', '=', id)
      .execute();
  }

  async advance(
    trx: Trx,
    id: string,
    range: { readonly from: number; readonly to: number },
    next: number,
  ): Promise<void> {
    await trx
      .updateTable('trail_export')
      .set({ from_index: range.from, to_index: range.to, next_index: next })
      .where('id', '=', id)
      .where('status', '=', 'RUNNING')
      .execute();
  }

  async complete(
    trx: Trx,
    id: string,
    file: { readonly bytes: number; readonly digest: Buffer },
    at: Date,
    expiresAt: Date,
  ): Promise<void> {
    await trx
      .updateTable('trail_export')
      .set({ status: 'COMPLETED', ...file, completed_at: at, expires_at: expiresAt })
      .where('id', '=', id)
      .execute();
  }

  async fail(trx: Trx, id: string, code: string, at: Date): Promise<void> {
    await trx
      .updateTable('trail_export')
      .set({ status: 'FAILED', code, completed_at: at })
      .where('id', '=', id)
      .execute();
  }

  async expire(trx: Trx, id: string): Promise<void> {
    await trx.updateTable('trail_export').set({ status: 'EXPIRED' }).where('id', '=', id).execute();
  }

  /** Files whose time is over, of all tenants. */
  async expired(trx: Trx, now: Date, limit: number): Promise<{ id: string; tenantId: string }[]> {
    return trx
      .selectFrom('trail_export')
      .select(['id', 'tenant_id as tenantId'])
      .where('status', '=', 'COMPLETED')
      .where('expires_at', '<=', now)
      .orderBy('expires_at')
      .limit(limit)
      .execute();
  }
}

function exportOf(row: Selectable<AuditExportTable>): AuditExport {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    requestedBy: row.requested_by,
    requestId: row.request_id,
    status: row.status as AuditExport['status'],
    request: requestOf(row.request as StoredRequest),
    fromIndex: row.from_index,
    toIndex: row.to_index,
    nextIndex: row.next_index,
    attempts: row.attempts,
    code: row.code,
    bytes: row.bytes,
    digest: row.digest,
    createdAt: row.created_at,
    startedAt: row.started_at,
    completedAt: row.completed_at,
    expiresAt: row.expires_at,
  };
}

type StoredRequest = Omit<ExportRequest, 'filters'> & {
  readonly filters: Omit<ExportRequest['filters'], 'from' | 'to'> & {
    readonly from?: string;
    readonly to?: string;
  };
};

/** JSON keeps times as texts. */
function requestOf({ filters, ...stretch }: StoredRequest): ExportRequest {
  const { from, to, ...equal } = filters;
  return {
    ...stretch,
    filters: {
      ...equal,
      ...(from !== undefined && { from: new Date(from) }),
      ...(to !== undefined && { to: new Date(to) }),
    },
  };
}
