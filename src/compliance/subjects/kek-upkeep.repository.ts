import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';
import type { WrappedKey } from '../pii/wrapped-key.js';

/** Keys of persons by what wraps them. */
@Injectable()
export class KekUpkeepRepository {
  /** Whether the upkeep is ours until the transaction ends. For `withSystem`. */
  async tryLock(trx: Trx): Promise<boolean> {
    const { rows } = await sql<{ ours: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('countersign'), hashtext('kek_upkeep')) as ours`.execute(trx);
    return rows[0]?.ours === true;
  }

  /** Tenants with keys that something else wraps. For `withSystem`. */
  async tenantsToWrap(trx: Trx, kekId: string): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select id from tenant where exists (
        select from subject_key key
        where key.tenant_id = tenant.id and wrapped_key is not null and kek_id is distinct from ${kekId})
      order by id`.execute(trx);
    return rows.map(({ id }) => id);
  }

  /** Whether something is still wrapped with a key. For `withSystem`. */
  async isUsed(trx: Trx, kekId: string): Promise<boolean> {
    const { rows } = await sql<{ used: boolean }>`
      select exists (select from subject_key where kek_id = ${kekId} and wrapped_key is not null) as used`.execute(
      trx,
    );
    return rows[0]?.used === true;
  }

  /** Keys of the tenant that something else wraps, locked; those that somebody works on come another time. */
  async lockOthers(trx: Trx, kekId: string, limit: number): Promise<WrappedKey[]> {
    const { rows } = await sql<WrappedKey>`
      select tenant_id as "tenantId", subject_ref as "subjectRef", wrapped_key as "wrappedKey", kek_id as "kekId"
      from subject_key where wrapped_key is not null and kek_id is distinct from ${kekId}
      limit ${limit} for update skip locked`.execute(trx);
    return rows;
  }

  async replace(trx: Trx, keys: readonly WrappedKey[]): Promise<void> {
    await sql`
      update subject_key key set wrapped_key = new.wrapped_key, kek_id = new.kek_id
      from unnest(${keys.map((each) => each.tenantId)}::uuid[], ${keys.map((each) => each.subjectRef)}::text[],
        ${keys.map((each) => each.wrappedKey)}::bytea[], ${keys.map((each) => each.kekId)}::text[])
        as new (tenant_id, subject_ref, wrapped_key, kek_id)
      where key.tenant_id = new.tenant_id and key.subject_ref = new.subject_ref`.execute(trx);
  }
}
