import { type AuditFact, buildAuditRecord } from '../../src/compliance/audit/audit-leaf.js';
import { AuditRepository } from '../../src/compliance/audit/audit.repository.js';
import { DatabaseService } from '../../src/database/database.service.js';
import type { Product } from './product.js';

const DAY_MS = 86_400_000;

/** A day of the past, as partitions are named by it. */
export function dayBefore(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}

/** Makes the partitions of a day, as they would have been made a week ahead of it. */
export async function makeDay({ database }: Pick<Product, 'database'>, day: string): Promise<void> {
  const end = new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
  // As the owner of the trail, which is who makes them in earnest.
  for (const parent of ['audit_event', 'audit_sealed']) {
    const part = `${parent}_${day.replaceAll('-', '')}`;
    await database.query(
      `create table ${part} partition of ${parent} for values from ('${day} 00:00:00+00') to ('${end} 00:00:00+00')`,
    );
    await database.query(
      `create trigger ${parent}_no_truncate before truncate on ${part} for each statement execute function refuse_change()`,
    );
    await database.query(`alter table ${part} owner to countersign_audit_owner`);
  }
}

/** Records a fact as if it had been done at noon of a day. Answers the id of the event and its leaf. */
export async function recordOn(
  { app }: Pick<Product, 'app'>,
  tenantId: string,
  day: string,
  fact: Pick<AuditFact, 'type'> & Partial<AuditFact>,
  runId?: string,
): Promise<{ id: string; leaf: Buffer }> {
  const full = { outcome: 'success', actor: { type: 'system', ref: 'test' }, ...fact } as AuditFact;
  const chain = runId === undefined ? undefined : { runId, seq: 0, head: null, phase: 'DELIVERY' };
  const record = buildAuditRecord(tenantId, full, new Date(`${day}T12:00:00.000Z`), chain);
  await app
    .get(DatabaseService)
    .withTenant(tenantId, (trx) => app.get(AuditRepository, { strict: false }).insert(trx, [record]));
  return { id: record.id, leaf: record.leaf };
}
