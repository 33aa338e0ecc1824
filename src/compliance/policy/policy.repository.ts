import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { BatchedQuestion } from '../../database/batched-read.js';
import type { Trx } from '../../database/trx.js';
import type { PolicyTexts } from './policy-check.js';
import type { PolicySettings } from './policy-settings.js';

/** A version as it is stored. */
export interface StoredPolicyVersion {
  readonly id: string;
  readonly version: number;
  readonly policies: PolicyTexts;
  readonly settings: PolicySettings;
  readonly defaultPermit: boolean;
  readonly digest: Buffer;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** That a version was made to hold. */
export interface PolicyActivation {
  readonly id: string;
  readonly number: number;
  readonly version: number;
  /** Runs that start from here on, or those under way as well. */
  readonly appliesTo: 'new' | 'all';
  readonly kind: 'activate' | 'rollback';
  /** The activation to which a rollback leads back; 0 = the built-in policies, null = none. */
  readonly undoTo: number | null;
  readonly activatedBy: string;
  readonly activatedAt: Date;
}

/** What holds for a tenant: its newest activation, and the newest that reaches runs under way. */
export interface ActiveRow {
  readonly n: number;
  readonly number: number;
  readonly version: number;
  readonly all_number: number | null;
  readonly all_version: number | null;
}

/** Rows of `policy_version` and `policy_activation`. Neither ever changes. */
@Injectable()
export class PolicyRepository {
  static readonly ACTIVE: BatchedQuestion<string> = {
    name: 'active-policies',
    text: `select x.n, newest.number, newest.version, reaching.number as all_number, reaching.version as all_version
      from json_to_recordset($1::json) as x(n int, tenant_id uuid)
      cross join lateral (
        select number, version from policy_activation
        where tenant_id = x.tenant_id order by number desc limit 1) as newest
      left join lateral (
        select number, version from policy_activation
        where tenant_id = x.tenant_id and applies_to = 'all' order by number desc limit 1) as reaching on true`,
    rowOf: (tenantId) => ({ tenant_id: tenantId }),
  };

  /** Keeps other changes of the tenant's policies out until the transaction ends. */
  async lock(trx: Trx, tenantId: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtext('policies'), hashtext(${tenantId}))`.execute(trx);
  }

  /** Newest first; `before` is the last version already seen. */
  list(trx: Trx, limit: number, before?: number): Promise<StoredPolicyVersion[]> {
    const rows = versions(trx).orderBy('version', 'desc').limit(limit);
    return (before === undefined ? rows : rows.where('version', '<', before)).execute();
  }

  find(trx: Trx, version: number): Promise<StoredPolicyVersion | undefined> {
    return versions(trx).where('version', '=', version).executeTakeFirst();
  }

  /** Those of these versions that are stored, in their order. */
  findAll(trx: Trx, wanted: readonly number[]): Promise<StoredPolicyVersion[]> {
    if (wanted.length === 0) return Promise.resolve([]);
    return versions(trx)
      .where('version', 'in', [...wanted])
      .orderBy('version')
      .execute();
  }

  async insert(trx: Trx, tenantId: string, row: StoredPolicyVersion): Promise<void> {
    await trx
      .insertInto('policy_version')
      .values({
        id: row.id,
        tenant_id: tenantId,
        version: row.version,
        policies: JSON.stringify(row.policies),
        settings: JSON.stringify(row.settings),
        default_permit: row.defaultPermit,
        digest: row.digest,
        created_by: row.createdBy,
        created_at: row.createdAt,
      })
      .execute();
  }

  newestActivation(trx: Trx): Promise<PolicyActivation | undefined> {
    return activations(trx).orderBy('number', 'desc').limit(1).executeTakeFirst();
  }

  activation(trx: Trx, number: number): Promise<PolicyActivation | undefined> {
    return activations(trx).where('number', '=', number).executeTakeFirst();
  }

  async activate(trx: Trx, tenantId: string, row: PolicyActivation): Promise<void> {
    await trx
      .insertInto('policy_activation')
      .values({
        id: row.id,
        tenant_id: tenantId,
        number: row.number,
        version: row.version,
        applies_to: row.appliesTo,
        kind: row.kind,
        undo_to: row.undoTo,
        activated_by: row.activatedBy,
        activated_at: row.activatedAt,
      })
      .execute();
  }
}

function versions(trx: Trx) {
  return trx
    .selectFrom('policy_version')
    .select([
      'id',
      'version',
      'policies',
      'settings',
      'default_permit as defaultPermit',
      'digest',
      'created_by as createdBy',
      'created_at as createdAt',
    ]);
}

function activations(trx: Trx) {
  return trx
    .selectFrom('policy_activation')
    .select([
      'id',
      'number',
      'version',
      'applies_to as appliesTo',
      'kind',
      'undo_to as undoTo',
      'activated_by as activatedBy',
      'activated_at as activatedAt',
    ]);
}
