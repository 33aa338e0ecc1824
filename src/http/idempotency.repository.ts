import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../database/trx.js';

/** Whose key it is: keys of different principals never meet. */
export interface KeyOwner {
  readonly tenantId: string;
  readonly principalId: string;
  readonly key: string;
}

export interface KeyClaim extends KeyOwner {
  readonly fingerprint: Buffer;
  readonly now: Date;
  /** Until when the claim keeps others out; also tells this claim from a later one. */
  readonly lockedUntil: Date;
  readonly expiresAt: Date;
}

export interface StoredKey {
  readonly fingerprint: Buffer;
  readonly responseStatus: number | null;
  readonly responseSealed: Buffer | null;
}

/** Rows of `idempotency_key`. */
@Injectable()
export class IdempotencyRepository {
  /** Takes the key when it is new, forgotten, or was left behind by a request that never came back. */
  async claim(trx: Trx, claim: KeyClaim): Promise<boolean> {
    const row = {
      fingerprint: claim.fingerprint,
      response_status: null,
      response_sealed: null,
      created_at: claim.now,
      locked_until: claim.lockedUntil,
      expires_at: claim.expiresAt,
    };
    const claimed = await trx
      .insertInto('idempotency_key')
      .values({ tenant_id: claim.tenantId, principal_id: claim.principalId, key: claim.key, ...row })
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'principal_id', 'key'])
          .doUpdateSet(row)
          .where((where) =>
            where.or([
              where('idempotency_key.expires_at', '<=', claim.now),
              where.and([
                where('idempotency_key.response_status', 'is', null),
                where('idempotency_key.locked_until', '<=', claim.now),
                where('idempotency_key.fingerprint', '=', claim.fingerprint),
              ]),
            ]),
          ),
      )
      .returning('key')
      .executeTakeFirst();
    return claimed !== undefined;
  }

  async find(trx: Trx, owner: KeyOwner): Promise<StoredKey | undefined> {
    const row = await trx
      .selectFrom('idempotency_key')
      .select(['fingerprint', 'response_status', 'response_sealed'])
      .where('tenant_id', '=', owner.tenantId)
      .where('principal_id', '=', owner.principalId)
      .where('key', '=', owner.key)
      .executeTakeFirst();
    return (
      row && {
        fingerprint: row.fingerprint,
        responseStatus: row.response_status,
        responseSealed: row.response_sealed,
      }
    );
  }

  /** Keeps the answer; false when the claim is no longer ours. */
  async complete(trx: Trx, claim: KeyClaim, status: number, sealed: Buffer): Promise<boolean> {
    const result = await trx
      .updateTable('idempotency_key')
      .set({ response_status: status, response_sealed: sealed })
      .where('tenant_id', '=', claim.tenantId)
      .where('principal_id', '=', claim.principalId)
      .where('key', '=', claim.key)
      .where('locked_until', '=', claim.lockedUntil)
      .where('response_status', 'is', null)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Lets the key go, unless an answer was stored under it or somebody else has it now. */
  async release(trx: Trx, claim: KeyClaim): Promise<void> {
    await trx
      .deleteFrom('idempotency_key')
      .where('tenant_id', '=', claim.tenantId)
      .where('principal_id', '=', claim.principalId)
      .where('key', '=', claim.key)
      .where('locked_until', '=', claim.lockedUntil)
      .where('response_status', 'is', null)
      .execute();
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
