import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import type { ApiKeyTable } from '../database/tables.js';
import type { Trx } from '../database/trx.js';
import type { Role } from './principal.js';

/** An API key without anything that could be used to present it. */
export interface ApiKey {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly prefix: string;
  readonly roles: readonly Role[];
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface NewApiKey extends Omit<ApiKey, 'revokedAt'> {
  readonly hash: Buffer;
}

/** The table `api_key`. Row-level security of the transaction says whose keys a method sees. */
@Injectable()
export class ApiKeyRepository {
  async findByHash(trx: Trx, hash: Buffer): Promise<ApiKey | undefined> {
    const row = await trx.selectFrom('api_key').selectAll().where('key_hash', '=', hash).executeTakeFirst();
    return row && keyOf(row);
  }

  async find(trx: Trx, id: string): Promise<ApiKey | undefined> {
    const row = await trx.selectFrom('api_key').selectAll().where('id', '=', id).executeTakeFirst();
    return row && keyOf(row);
  }

  async findHash(trx: Trx, id: string): Promise<Buffer | undefined> {
    const row = await trx.selectFrom('api_key').select('key_hash').where('id', '=', id).executeTakeFirst();
    return row?.key_hash;
  }

  async insert(trx: Trx, key: NewApiKey): Promise<void> {
    await trx.insertInto('api_key').values(rowOf(key)).execute();
  }

  /** Whether the key was new; one with the same hash is left as it is. */
  async insertIfAbsent(trx: Trx, key: NewApiKey): Promise<boolean> {
    const row = await trx
      .insertInto('api_key')
      .values(rowOf(key))
      .onConflict((conflict) => conflict.column('key_hash').doNothing())
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Newest first; `before` is the id the last page ended with. */
  async list(trx: Trx, limit: number, before: string | undefined): Promise<ApiKey[]> {
    let query = trx.selectFrom('api_key').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(keyOf);
  }

  /** Whether the key was not revoked before. */
  async revoke(trx: Trx, id: string, at: Date): Promise<boolean> {
    const row = await trx
      .updateTable('api_key')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** The tenant a fresh instance starts with; whether it was made now. */
  async insertTenantIfAbsent(trx: Trx, id: string, name: string): Promise<boolean> {
    const row = await trx
      .insertInto('tenant')
      .values({ id, name })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }
}

function keyOf(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    prefix: row.display_prefix,
    // Written by this room only, from checked roles; an unknown one would grant nothing (see permissions.ts).
    roles: row.roles as Role[],
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

function rowOf(key: NewApiKey) {
  return {
    id: key.id,
    tenant_id: key.tenantId,
    name: key.name,
    key_hash: key.hash,
    display_prefix: key.prefix,
    roles: [...key.roles],
    created_by: key.createdBy,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: null,
  };
}
