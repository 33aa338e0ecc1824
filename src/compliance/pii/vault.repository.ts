import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Execute } from '../../database/statement.js';
import type { Trx } from '../../database/trx.js';
import type { Subject, WrappedKey } from './wrapped-key.js';

/** A token as stored: its value stands in `sealed` only. */
export interface SealedToken {
  readonly token: string;
  readonly entity: string;
  readonly subjectRef: string;
  readonly shared: boolean;
  readonly sealed: Buffer;
}

/** A stored token with the key of its subject; the key is null once destroyed. */
export interface StoredToken extends SealedToken {
  readonly wrappedKey: Buffer | null;
  readonly kekId: string | null;
}

/** A value as it stands in a run, with the key of its subject. */
export interface StoredValue extends StoredToken {
  readonly runId: string;
}

/** Rows of the vault. Lists travel as arrays, so a statement has few parameters whatever its number of rows. */
@Injectable()
export class VaultRepository {
  /** The living keys of these subjects. */
  async findKeysOf(execute: Execute, subjects: readonly Subject[]): Promise<WrappedKey[]> {
    const rows = await execute<{
      tenant_id: string;
      subject_ref: string;
      wrapped_key: Buffer;
      kek_id: string | null;
    }>({
      name: 'subject-keys',
      text: `select k.tenant_id, k.subject_ref, k.wrapped_key, k.kek_id
        from json_to_recordset($1::json) as x(tenant_id uuid, subject_ref text)
        join subject_key k on k.tenant_id = x.tenant_id and k.subject_ref = x.subject_ref
        where k.wrapped_key is not null`,
      values: [
        JSON.stringify(
          subjects.map(({ tenantId, subjectRef }) => ({ tenant_id: tenantId, subject_ref: subjectRef })),
        ),
      ],
    });
    return rows.map((row) => ({
      tenantId: row.tenant_id,
      subjectRef: row.subject_ref,
      wrappedKey: row.wrapped_key,
      kekId: row.kek_id,
    }));
  }

  /**
   * Stores keys for subjects that have none, and says for whom. Where somebody else is making one, theirs stands.
   */
  async addKeys(trx: Trx, keys: readonly WrappedKey[]): Promise<ReadonlySet<string>> {
    const inOrder = [...keys].sort((a, b) => (a.subjectRef < b.subjectRef ? -1 : 1));
    const { rows } = await sql<{ subject_ref: string }>`
      insert into subject_key as present (tenant_id, subject_ref, wrapped_key, kek_id)
      select * from unnest(${inOrder.map((key) => key.tenantId)}::uuid[], ${inOrder.map((key) => key.subjectRef)}::text[],
        ${inOrder.map((key) => key.wrappedKey)}::bytea[], ${inOrder.map((key) => key.kekId)}::text[])
      on conflict (tenant_id, subject_ref) do update
        set wrapped_key = excluded.wrapped_key, kek_id = excluded.kek_id, created_at = now(), destroyed_at = null
        where present.wrapped_key is null
      returning subject_ref`.execute(trx);
    return new Set(rows.map((row) => row.subject_ref));
  }

  /** The key of a subject as it was before it was destroyed; undefined when there was none. For `withRetention`. */
  async destroyKey(trx: Trx, subjectRef: string, at: Date): Promise<{ kekId: string | null } | undefined> {
    const { rows } = await sql<{ kek_id: string | null }>`
      with living as (
        select tenant_id, subject_ref, kek_id from subject_key
        where subject_ref = ${subjectRef} and wrapped_key is not null for update
      )
      update subject_key key set wrapped_key = null, destroyed_at = ${at}
      from living where key.tenant_id = living.tenant_id and key.subject_ref = living.subject_ref
      returning living.kek_id`.execute(trx);
    return rows[0] && { kekId: rows[0].kek_id };
  }

  /** Removes values of a subject, at most `limit`; answers how many. For `withRetention`. */
  async removeValues(trx: Trx, tenantId: string, subjectRef: string, limit: number): Promise<number> {
    const { rows } = await sql<{ removed: number }>`
      with gone as (
        delete from vault_token where (run_id, token) in (
          select run_id, token from vault_token
          where tenant_id = ${tenantId} and subject_ref = ${subjectRef} limit ${limit})
        returning 1
      ) select count(*)::int as removed from gone`.execute(trx);
    return rows[0]?.removed ?? 0;
  }

  /** Values of a subject by run and token, from a place on. */
  async valuesOf(
    trx: Trx,
    tenantId: string,
    subjectRef: string,
    after: { readonly runId: string; readonly token: string } | undefined,
    limit: number,
  ): Promise<StoredValue[]> {
    const rows = await trx
      .selectFrom('vault_token')
      .innerJoin('subject_key', (join) =>
        join
          .onRef('subject_key.tenant_id', '=', 'vault_token.tenant_id')
          .onRef('subject_key.subject_ref', '=', 'vault_token.subject_ref'),
      )
      .select([
        'run_id',
        'token',
        'entity',
        'vault_token.subject_ref',
        'shared',
        'sealed',
        'wrapped_key',
        'kek_id',
      ])
      .where('vault_token.tenant_id', '=', tenantId)
      .where('vault_token.subject_ref', '=', subjectRef)
      .$if(after !== undefined, (query) =>
        query.where(sql<boolean>`(run_id, token) > (${after?.runId}::uuid, ${after?.token})`),
      )
      .orderBy('run_id')
      .orderBy('token')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      runId: row.run_id,
      token: row.token,
      entity: row.entity,
      subjectRef: row.subject_ref,
      shared: row.shared,
      sealed: row.sealed,
      wrappedKey: row.wrapped_key,
      kekId: row.kek_id,
    }));
  }

  /** Tokens of a run with the keys of their subjects: all of them, or those asked for. */
  async findTokens(
    trx: Trx,
    tenantId: string,
    runId: string,
    tokens: readonly string[] | undefined,
  ): Promise<StoredToken[]> {
    const rows = await trx
      .selectFrom('vault_token')
      .leftJoin('subject_key', (join) =>
        join
          .onRef('subject_key.tenant_id', '=', 'vault_token.tenant_id')
          .onRef('subject_key.subject_ref', '=', 'vault_token.subject_ref'),
      )
      .select(['token', 'entity', 'vault_token.subject_ref', 'shared', 'sealed', 'wrapped_key', 'kek_id'])
      .where('vault_token.tenant_id', '=', tenantId)
      .where('run_id', '=', runId)
      .$if(tokens !== undefined, (query) => query.where('token', '=', sql<string>`any(${tokens}::text[])`))
      .orderBy('token')
      .execute();
    return rows.map((row) => ({
      token: row.token,
      entity: row.entity,
      subjectRef: row.subject_ref,
      shared: row.shared,
      sealed: row.sealed,
      wrappedKey: row.wrapped_key,
      kekId: row.kek_id,
    }));
  }
}
