import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

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
}

export interface WrappedKey {
  readonly subjectRef: string;
  readonly wrappedKey: Buffer;
}

/** Rows of the vault. Lists travel as arrays, so a statement has few parameters whatever its number of rows. */
@Injectable()
export class VaultRepository {
  /** The living keys of these subjects. */
  async findKeys(trx: Trx, tenantId: string, subjectRefs: readonly string[]): Promise<WrappedKey[]> {
    const rows = await trx
      .selectFrom('subject_key')
      .select(['subject_ref', 'wrapped_key'])
      .where('tenant_id', '=', tenantId)
      .where('subject_ref', '=', sql<string>`any(${subjectRefs}::text[])`)
      .where('wrapped_key', 'is not', null)
      .execute();
    return rows.flatMap((row) =>
      row.wrapped_key ? [{ subjectRef: row.subject_ref, wrappedKey: row.wrapped_key }] : [],
    );
  }

  /** Adds keys where there is none, or where one was destroyed; a living key stays as it is. */
  async insertKeys(trx: Trx, tenantId: string, keys: readonly WrappedKey[]): Promise<void> {
    // In one order for everybody, or two transactions with the same new subjects could wait for each other.
    const sorted = [...keys].sort((a, b) => (a.subjectRef < b.subjectRef ? -1 : 1));
    await sql`
      insert into subject_key as present (tenant_id, subject_ref, wrapped_key)
      select ${tenantId}::uuid, * from unnest(
        ${sorted.map((key) => key.subjectRef)}::text[], ${sorted.map((key) => key.wrappedKey)}::bytea[])
      on conflict (tenant_id, subject_ref) do update
        set wrapped_key = excluded.wrapped_key, created_at = now(), destroyed_at = null
        where present.wrapped_key is null`.execute(trx);
  }

  /** Adds tokens that are not there yet. @returns those that were added. */
  async insertTokens(
    trx: Trx,
    tenantId: string,
    runId: string,
    tokens: readonly SealedToken[],
  ): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ token: string }>`
      insert into vault_token (tenant_id, run_id, token, entity, subject_ref, shared, sealed)
      select ${tenantId}::uuid, ${runId}::uuid, * from unnest(
        ${tokens.map((row) => row.token)}::text[], ${tokens.map((row) => row.entity)}::text[],
        ${tokens.map((row) => row.subjectRef)}::text[], ${tokens.map((row) => row.shared)}::boolean[],
        ${tokens.map((row) => row.sealed)}::bytea[])
      on conflict (run_id, token) do nothing
      returning token`.execute(trx);
    return new Set(rows.map((row) => row.token));
  }

  /** Marks tokens as ones that every recipient may see. */
  async shareTokens(trx: Trx, runId: string, tokens: readonly string[]): Promise<void> {
    await trx
      .updateTable('vault_token')
      .set({ shared: true })
      .where('run_id', '=', runId)
      .where('token', '=', sql<string>`any(${tokens}::text[])`)
      .where('shared', '=', false)
      .execute();
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
      .select(['token', 'entity', 'vault_token.subject_ref', 'shared', 'sealed', 'wrapped_key'])
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
    }));
  }
}
