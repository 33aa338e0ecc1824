import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../database/trx.js';

/** Whose key it is: keys of different principals never meet. */
export interface KeyOwner {
  readonly tenantId: string;
  readonly principalId: string;
  readonly key: string;
}

/** A request that carries a key. */
export interface KeyClaim extends KeyOwner {
  readonly fingerprint: Buffer;
  readonly now: Date;
  readonly expiresAt: Date;
}

export interface StoredKey {
  readonly fingerprint: Buffer;
  readonly responseStatus: number;
  readonly responseSealed: Buffer;
}

/** A key with what was answered under it. */
export interface KeptAnswer extends KeyOwner {
  readonly sealed: Buffer | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Where a page after this key begins. */
export function placeOf({ principalId, key }: KeyOwner): string {
  return JSON.stringify([principalId, key]);
}

/** Rows of `idempotency_key`. */
@Injectable()
export class IdempotencyRepository {
  /**
   * Takes the key and keeps the answer; false when somebody else has it. Waits for another transaction that is just
   * taking it: who comes second then finds the answer of the first.
   */
  async store(trx: Trx, claim: KeyClaim, status: number, sealed: Buffer): Promise<boolean> {
    const row = {
      fingerprint: claim.fingerprint,
      response_status: status,
      response_sealed: sealed,
      created_at: claim.now,
      locked_until: null,
      expires_at: claim.expiresAt,
    };
    const result = await trx
      .insertInto('idempotency_key')
      .values({ tenant_id: claim.tenantId, principal_id: claim.principalId, key: claim.key, ...row })
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'principal_id', 'key'])
          .doUpdateSet(row)
          .where((where) =>
            where.or([
              where('idempotency_key.expires_at', '<=', claim.now),
              // Left behind by an earlier version, which locked keys before the work.
              where.and([
                where('idempotency_key.response_status', 'is', null),
                where('idempotency_key.locked_until', '<=', claim.now),
              ]),
            ]),
          ),
      )
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  /** The answer kept under a key, unless its time is over. */
  async find(trx: Trx, owner: KeyOwner, now: Date): Promise<StoredKey | undefined> {
    const row = await trx
      .selectFrom('idempotency_key')
      .select(['fingerprint', 'response_status', 'response_sealed'])
      .where('tenant_id', '=', owner.tenantId)
      .where('principal_id', '=', owner.principalId)
      .where('key', '=', owner.key)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    if (row?.response_status == null || row.response_sealed === null) return undefined;
    return {
      fingerprint: row.fingerprint,
      responseStatus: row.response_status,
      responseSealed: row.response_sealed,
    };
  }

  /** Keys of a tenant with their answers, by principal and key, from a place on. */
  async page(trx: Trx, tenantId: string, after: string | undefined, limit: number): Promise<KeptAnswer[]> {
    const [principalId = '', key = ''] = after === undefined ? [] : (JSON.parse(after) as string[]);
    return trx
      .selectFrom('idempotency_key')
      .select([
        'tenant_id as tenantId',
        'principal_id as principalId',
        'key',
        'response_sealed as sealed',
        'created_at as createdAt',
        'expires_at as expiresAt',
      ])
      .where('tenant_id', '=', tenantId)
      .where(sql<boolean>`(principal_id, key) > (${principalId}, ${key})`)
      .orderBy('principal_id')
      .orderBy('key')
      .limit(limit)
      .execute();
  }

  async remove(trx: Trx, keys: readonly KeyOwner[]): Promise<number> {
    if (keys.length === 0) return 0;
    const { numAffectedRows } = await sql`
      delete from idempotency_key using unnest(${keys.map((each) => each.tenantId)}::uuid[],
        ${keys.map((each) => each.principalId)}::text[], ${keys.map((each) => each.key)}::text[]) as gone (tenant, principal, key)
      where idempotency_key.tenant_id = gone.tenant and idempotency_key.principal_id = gone.principal
        and idempotency_key.key = gone.key`.execute(trx);
    return Number(numAffectedRows ?? 0);
  }

  /** Forgets keys whose time is over, at most `limit`; answers how many. */
  async deleteExpired(trx: Trx, now: Date, limit: number): Promise<number> {
    const result = await trx
      .deleteFrom('idempotency_key')
      .where(
        sql<boolean>`ctid = any(array(
        select ctid from idempotency_key where expires_at <= ${now} limit ${limit}))`,
      )
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
