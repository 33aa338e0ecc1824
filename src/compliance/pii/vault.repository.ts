import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Execute } from '../../database/statement.js';
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

/** Somebody whose values are sealed with a key of their own. */
export interface Subject {
  readonly tenantId: string;
  readonly subjectRef: string;
}

export interface WrappedKey extends Subject {
  readonly wrappedKey: Buffer;
}

/** Rows of the vault. Lists travel as arrays, so a statement has few parameters whatever its number of rows. */
@Injectable()
export class VaultRepository {
  /** The living keys of these subjects. */
  async findKeysOf(execute: Execute, subjects: readonly Subject[]): Promise<WrappedKey[]> {
    const rows = await execute<{ tenant_id: string; subject_ref: string; wrapped_key: Buffer }>({
      name: 'subject-keys',
      text: `select k.tenant_id, k.subject_ref, k.wrapped_key
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
