import { byteaText, type StatementPart } from '../../database/statement.js';
import type { SealedToken } from './vault.repository.js';
import type { WrappedKey } from './wrapped-key.js';

/** Values of runs, sealed and ready to be written, with the keys that had to be made for them. */
export interface SealedEntries {
  readonly keys: readonly WrappedKey[];
  readonly tokens: readonly (SealedToken & { readonly tenantId: string; readonly runId: string })[];
}

/**
 * The parts of a statement that store sealed values. A key that somebody else has made meanwhile is left as it is,
 * and what was sealed with ours would be lost: the statement fails then (SQLSTATE 40001), to be made anew.
 *
 * @param condition which of the tokens (`x`) may be written.
 */
export function vaultParts({ keys, tokens }: SealedEntries, condition = 'true'): StatementPart[] {
  // In one order for everybody, or two transactions with the same new subjects could wait for each other.
  const inOrder = [...keys].sort((a, b) => (a.subjectRef < b.subjectRef ? -1 : 1));
  return [
    {
      rows: inOrder.map(({ tenantId, subjectRef, wrappedKey, kekId }) => ({
        tenant_id: tenantId,
        subject_ref: subjectRef,
        wrapped_key: byteaText(wrappedKey),
        kek_id: kekId,
      })),
      ctes: (given) => [
        [
          'keys_made',
          `insert into subject_key as present (tenant_id, subject_ref, wrapped_key, kek_id)
           select x.* from json_to_recordset(${given}) as x(
             tenant_id uuid, subject_ref text, wrapped_key bytea, kek_id text)
           on conflict (tenant_id, subject_ref) do update
             set wrapped_key = excluded.wrapped_key, kek_id = excluded.kek_id, created_at = now(), destroyed_at = null
             where present.wrapped_key is null
           returning 1`,
        ],
        ['keys_kept', `select require_all((select count(*) from keys_made), json_array_length(${given}))`],
      ],
      effects: ['keys_kept'],
    },
    {
      rows: tokens.map((row) => ({
        tenant_id: row.tenantId,
        run_id: row.runId,
        token: row.token,
        entity: row.entity,
        subject_ref: row.subjectRef,
        shared: row.shared,
        sealed: byteaText(row.sealed),
      })),
      ctes: (given) => [
        [
          'tokens_made',
          `insert into vault_token as present (tenant_id, run_id, token, entity, subject_ref, shared, sealed)
           select x.* from json_to_recordset(${given}) as x(
             tenant_id uuid, run_id uuid, token text, entity text, subject_ref text, shared boolean, sealed bytea)
           where ${condition}
           on conflict (run_id, token) do update set shared = true where excluded.shared and not present.shared`,
        ],
      ],
    },
  ];
}
