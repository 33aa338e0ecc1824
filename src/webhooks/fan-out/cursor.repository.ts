import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import type { WebhookCursorTable } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import type { EventPosition } from '../../workflow/events/committed-events.service.js';

/** How far the events of a tenant have been handed out. */
export interface Cursor extends EventPosition {
  readonly tenantId: string;
  readonly movedAt: Date;
}

/** The table `webhook_cursor`: a row for each tenant that has endpoints. */
@Injectable()
export class CursorRepository {
  /** Every cursor; in a transaction over all tenants. */
  async all(trx: Trx): Promise<Cursor[]> {
    return (await trx.selectFrom('webhook_cursor').selectAll().execute()).map(cursorOf);
  }

  /** The cursor, locked; none when somebody else is handing out at this moment. */
  async lockIfFree(trx: Trx, tenantId: string): Promise<Cursor | undefined> {
    const row = await trx
      .selectFrom('webhook_cursor')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    return row && cursorOf(row);
  }

  /** Makes the cursor if there is none, and locks it: endpoints of a tenant come and go one after the other. */
  async lockOrBegin(trx: Trx, tenantId: string, position: EventPosition, now: Date): Promise<void> {
    await trx
      .insertInto('webhook_cursor')
      .values({ tenant_id: tenantId, ...columnsOf(position), moved_at: now })
      .onConflict((conflict) => conflict.column('tenant_id').doUpdateSet({ tenant_id: tenantId }))
      .execute();
  }

  async move(trx: Trx, tenantId: string, position: EventPosition, now: Date): Promise<void> {
    await trx
      .updateTable('webhook_cursor')
      .set({ ...columnsOf(position), moved_at: now })
      .where('tenant_id', '=', tenantId)
      .execute();
  }

  async delete(trx: Trx, tenantId: string): Promise<void> {
    await trx.deleteFrom('webhook_cursor').where('tenant_id', '=', tenantId).execute();
  }
}

function columnsOf({ transactionId, runId, seq }: EventPosition) {
  return { transaction_id: transactionId, run_id: runId, seq };
}

function cursorOf(row: Selectable<WebhookCursorTable>): Cursor {
  return {
    tenantId: row.tenant_id,
    transactionId: row.transaction_id,
    runId: row.run_id,
    seq: row.seq,
    movedAt: row.moved_at,
  };
}
