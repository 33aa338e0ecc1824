import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tables } from '../../src/database/tables.js';
import { createTestDatabase, TEST_TENANT_ID, type TestDatabase } from '../harness/database.js';

/** Names as the program knows them; the type check fails when `tables.ts` has others. */
const KNOWN: Record<keyof Tables, true> = {
  tenant: true,
  api_key: true,
  session: true,
  consent: true,
  subject_key: true,
  legal_hold: true,
  subject_restriction: true,
  erasure: true,
  idempotency_key: true,
  content: true,
  workflow_definition: true,
  workflow_run: true,
  workflow_step: true,
  workflow_event: true,
  workflow_signal: true,
  artifact: true,
  approval: true,
  approval_decision: true,
  approval_delegation: true,
  delivery: true,
  vault_token: true,
  webhook_endpoint: true,
  webhook_secret: true,
  webhook_cursor: true,
  webhook_message: true,
  webhook_delivery: true,
  workflow_attribute: true,
  retention_policy: true,
  safe_mode: true,
  content_orphan: true,
  schema_version: true,
  audit_event: true,
  audit_sealed: true,
  audit_pending: true,
  audit_head: true,
  audit_index: true,
  audit_tile: true,
  audit_checkpoint: true,
  audit_cosignature: true,
  audit_self_check: true,
  audit_retention_policy: true,
  audit_archive: true,
  audit_retention_class: true,
  audit_event_class: true,
  audit_retirement: true,
  audit_day_look: true,
  report_day: true,
  schedule: true,
  schedule_fire: true,
  batch: true,
  batch_row: true,
  policy_version: true,
  policy_activation: true,
  policy_refusal: true,
  trail_export: true,
};

/** Kysely's own books. */
const BOOKKEEPING = new Set(['kysely_migration', 'kysely_migration_lock']);

const ROLES = [
  'countersign_app',
  'countersign_system',
  'countersign_engine',
  'countersign_retention',
  'countersign_sequencer',
] as const;

/** Tables of the instance, with nothing of any tenant: the application does not see them. */
const OF_INSTANCE = ['audit_day_look', 'audit_event_class', 'audit_retention_class'];

/** What roles may do beside the trail besides appending: queues empty, logs move on, policies change. Triggers hold how. */
const MORE: Readonly<Partial<Record<(typeof ROLES)[number], Readonly<Record<string, readonly string[]>>>>> = {
  countersign_sequencer: {
    audit_pending: ['delete'],
    audit_head: ['update'],
    audit_tile: ['update'],
    audit_cosignature: ['update'],
    audit_self_check: ['update'],
  },
  countersign_app: { audit_retention_policy: ['update', 'delete'] },
  countersign_system: { audit_event_class: ['update'] },
  countersign_retention: { audit_day_look: ['update'] },
};

interface TableRow {
  name: string;
  isPartition: boolean;
  hasTenant: boolean;
  rls: boolean;
  forced: boolean;
}

describe('the tables', () => {
  let database: TestDatabase;
  let tables: TableRow[];
  const own = () => tables.filter(({ name, isPartition }) => !isPartition && !BOOKKEEPING.has(name));
  const audit = () => tables.filter(({ name }) => name.startsWith('audit_'));

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query('select ensure_audit_partitions(2)');
    tables = await database.query<TableRow>(`
      select c.relname as name, c.relispartition as "isPartition", c.relrowsecurity as rls, c.relforcerowsecurity as forced,
             exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as "hasTenant"
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relkind in ('r', 'p')
       order by 1`);
  });
  afterAll(() => database?.close());

  /** Which of the privileges a role has on a table. */
  async function granted(role: string, table: string, privileges: readonly string[]): Promise<string[]> {
    const rows = await database.query<{ privilege: string }>(
      `select privilege from unnest($3::text[]) privilege where has_table_privilege($1, quote_ident($2), privilege)`,
      [role, table, privileges],
    );
    return rows.map(({ privilege }) => privilege);
  }

  it('are those the program knows', () => {
    expect(own().map(({ name }) => name)).toEqual(Object.keys(KNOWN).sort());
  });

  it('all belong to a tenant', () => {
    expect(
      own()
        .filter(({ hasTenant }) => !hasTenant)
        .map(({ name }) => name),
    ).toEqual([...OF_INSTANCE, 'tenant']);
  });

  it('all have row-level security, for their owner too', () => {
    expect(own().filter(({ rls, forced }) => !rls || !forced)).toEqual([]);
  });

  it('show the application the rows of its tenant only', async () => {
    const policies = await database.query<{ name: string; using: string; check: string | null }>(`
      select tablename as name, qual as using, with_check as check from pg_policies
       where schemaname = 'public' and 'countersign_app' = any(roles) order by 1`);
    const ofTenants = Object.keys(KNOWN).filter((name) => !OF_INSTANCE.includes(name));
    expect(policies.map(({ name }) => name)).toEqual(ofTenants.sort());
    for (const { name, using, check } of policies) {
      const column = name === 'tenant' ? 'id' : 'tenant_id';
      const isOwn = new RegExp(
        `^\\(${column} = \\(current_setting\\('app\\.tenant_id'::text\\)\\)::uuid\\)$`,
      );
      expect(using, name).toMatch(isOwn);
      // The application may not write tenants at all.
      expect(check ?? using, name).toMatch(isOwn);
    }
  });

  it('show nobody in particular nothing', async () => {
    for (const { name } of own()) {
      const reading = database.query(`begin; set local role countersign_app; select * from "${name}"`);
      const refusal = OF_INSTANCE.includes(name) ? 'permission denied' : 'app.tenant_id';
      await expect(reading, name).rejects.toThrow(refusal);
    }
  });

  it('take no row of another tenant', async () => {
    const writing = database.database.withTenant(TEST_TENANT_ID, (trx) =>
      trx
        .insertInto('content')
        .values({ tenant_id: '00000000-0000-7000-8000-000000000002', hash: Buffer.alloc(32), body: '{}' })
        .execute(),
    );
    await expect(writing).rejects.toThrow('row-level security');
  });

  it('of the audit trail can be appended to and nothing else, partitions included', async () => {
    expect(audit().filter(({ isPartition }) => isPartition).length).toBeGreaterThanOrEqual(8);
    for (const { name } of audit()) {
      for (const role of ROLES) {
        const more = MORE[role]?.[name] ?? [];
        expect(await granted(role, name, ['update', 'delete', 'truncate']), `${role} on ${name}`).toEqual(
          more,
        );
      }
    }
  });

  it('are not reached past their policies through a partition', async () => {
    for (const { name } of audit().filter(({ isPartition }) => isPartition)) {
      for (const role of ROLES)
        expect(await granted(role, name, ['select', 'insert']), `${role} on ${name}`).toEqual([]);
    }
  });

  it('belong to roles that cannot log in and cannot step past row-level security', async () => {
    const roles = await database.query(
      `select rolcanlogin, rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname like 'countersign\\_%'`,
    );
    const powerless = { rolcanlogin: false, rolsuper: false, rolbypassrls: false, rolcreaterole: false };
    expect(roles).toEqual([...ROLES, 'countersign_audit_owner'].map(() => powerless));
  });

  it('leave no row and no statement in the log of the embedded server', async () => {
    const [settings] = await database.query(
      `select current_setting('log_error_verbosity') as verbosity, current_setting('log_min_error_statement') as statements,
              current_setting('log_statement') as log, current_setting('log_min_duration_statement') as slow`,
    );
    expect(settings).toEqual({ verbosity: 'terse', statements: 'panic', log: 'none', slow: '-1' });
  });
});
