import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { buildAuditRecord } from '../../src/compliance/audit/audit-leaf.js';
import { AuditRepository } from '../../src/compliance/audit/audit.repository.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { migrateToLatest } from '../../src/database/migrate.js';
import { openPostgres } from '../../src/database/postgres.js';
import { newId } from '../../src/kernel/ids.js';
import { createTestDatabase, TEST_TENANT_ID, type TestDatabase } from '../harness/database.js';

const INSUFFICIENT_PRIVILEGE = '42501';
const APPEND_ONLY = 'CS002';
/** Raised after a statement that was taken, so that nothing of it stays. */
const TAKEN = 'ZZ999';

const ROLES = [
  'countersign_app',
  'countersign_engine',
  'countersign_sequencer',
  'countersign_retention',
  'countersign_system',
];

/** Tables of the trail with a column that a liar would change. */
const TRAIL: readonly (readonly [table: string, column: string])[] = [
  ['audit_event', `leaf = '\\x00'`],
  ['audit_sealed', `sealed = '\\x00'`],
  ['audit_index', `leaf_hash = '\\x00'`],
  ['audit_tile', `hashes = repeat('x', 32)::bytea`],
  ['audit_head', 'size = 0'],
  ['audit_checkpoint', `note = ''`],
  ['audit_archive', `digest = sha256('x')`],
  ['audit_retirement', `leaf = '\\x00'`],
];
/** Columns of events that only the parent shows through its policies. */
const PARTITIONS = ['audit_event_default', 'audit_sealed_default'];

describe('the guards of the trail', () => {
  let test: TestDatabase;
  /** One connection: a pool drops those on which something was refused. */
  let connection: pg.Client;

  beforeAll(async () => {
    test = await createTestDatabase();
    connection = new pg.Client({ connectionString: test.url });
    await connection.connect();
    const event = buildAuditRecord(
      TEST_TENANT_ID,
      { type: 'instance.stopped', outcome: 'success', actor: { type: 'system', ref: 'test' } },
      new Date('2020-01-01T00:00:00.000Z'),
    );
    await test.database.withTenant(TEST_TENANT_ID, (trx) => new AuditRepository().insert(trx, [event]));
    const values: readonly (readonly [text: string, more: unknown[]])[] = [
      [`insert into audit_sealed values ($2, $1, '/a', 'x', '\\x01', '2020-01-01')`, [event.id]],
      [`insert into audit_index values ($1, 0, $2, '2020-01-01', sha256('y'))`, [event.id]],
      [`insert into audit_tile values ($1, 0, 0, sha256('y'))`, []],
      [
        `insert into audit_head (tenant_id, log_id, origin, size, root_hash) values ($1, $2, 'o', 5, sha256('y'))`,
        [newId()],
      ],
      [`insert into audit_checkpoint values ($1, 1, 5, 'o', sha256('y'), 'note', now())`, []],
      [`insert into audit_archive values ($1, '2020-01-01', 0, 1, 'f', sha256('y'), now())`, []],
      [`insert into audit_retirement values ($1, '2020-01-01', $2, '\\x01', '{[0,1)}')`, [event.id]],
      [
        `insert into subject_key (tenant_id, subject_ref, wrapped_key, created_at) values ($1, 'x', '\\x00', '2019-01-01')`,
        [],
      ],
    ];
    for (const [text, more] of values) await test.force(text, [TEST_TENANT_ID, ...more]);
  });
  afterAll(async () => {
    await connection?.end();
    await test?.close();
  });

  /** What the database says to a statement of a role; undefined when it takes it. */
  async function refusal(role: string | undefined, statement: string): Promise<string | undefined> {
    const acting =
      role === undefined ? '' : `set local role ${role}; set local app.tenant_id = '${TEST_TENANT_ID}';`;
    const { code } = await connection
      .query(`${acting} ${statement}; do $$ begin raise exception 'taken' using errcode = '${TAKEN}'; end $$`)
      .then(() => ({ code: undefined }))
      .catch((error: { code?: string }) => error);
    return code === TAKEN ? undefined : (code ?? 'not refused, and kept');
  }

  describe.each(ROLES)('act against %s', (role) => {
    it.each(TRAIL)('which cannot change, remove or empty %s', async (table, change) => {
      const statements = [`update ${table} set ${change}`, `delete from ${table}`, `truncate ${table}`];
      for (const statement of statements) {
        expect([INSUFFICIENT_PRIVILEGE, APPEND_ONLY], statement).toContain(await refusal(role, statement));
      }
    });

    it.each([...TRAIL.map(([table]) => table), ...PARTITIONS])(
      'which cannot rebuild or unguard %s',
      async (table) => {
        const statements = [
          `drop table ${table}`,
          `alter table ${table} disable trigger all`,
          `alter table ${table} no force row level security`,
          `alter table ${table} owner to ${role}`,
          `alter table ${table} rename to gone`,
          `create trigger mine before insert on ${table} for each row execute function refuse_change()`,
          `grant all on ${table} to ${role}`,
        ];
        for (const statement of statements) {
          // Grants by somebody without any right are a warning, and grant nothing.
          const code = await refusal(role, statement);
          if (statement.startsWith('grant') && code === undefined) continue;
          expect(code, statement).toBe(INSUFFICIENT_PRIVILEGE);
        }
      },
    );

    it.each(PARTITIONS)('which cannot reach %s past its policies', async (part) => {
      for (const statement of [
        `select from ${part}`,
        `insert into ${part} select * from ${part}`,
        `update ${part} set occurred_at = now()`,
        `delete from ${part}`,
        `truncate ${part}`,
        `alter table ${part.replace('_default', '')} detach partition ${part}`,
      ]) {
        expect(await refusal(role, statement), statement).toBe(INSUFFICIENT_PRIVILEGE);
      }
    });

    it('which cannot switch triggers off for itself', async () => {
      expect(await refusal(role, `set local session_replication_role = replica`)).toBe(
        INSUFFICIENT_PRIVILEGE,
      );
    });
  });

  it('let nobody but the role of retention call what removes', async () => {
    for (const role of ROLES.filter((each) => each !== 'countersign_retention')) {
      for (const call of [
        `retire_audit_day('2020-01-01', '{}')`,
        `due_audit_events('2020-01-01')`,
        `remove_sealed_values('${TEST_TENANT_ID}', 'x', 1)`,
      ]) {
        expect(await refusal(role, `select ${call}`), `${role}: ${call}`).toBe(INSUFFICIENT_PRIVILEGE);
      }
    }
    expect(await refusal('countersign_retention', `select due_audit_events('2020-01-01')`)).toBeUndefined();
  });

  it('let the role of retention remove a sealed value only when its key is gone', async () => {
    const remove = `select remove_sealed_values('${TEST_TENANT_ID}', 'x', 1)`;
    expect(await refusal('countersign_retention', remove)).toBe(APPEND_ONLY);
  });

  it('tell a superuser too, as long as they are not switched off', async () => {
    for (const [table, change] of [...TRAIL, ['audit_pending', `subject = 'x'`] as const]) {
      expect(await refusal(undefined, `update ${table} set ${change}`), table).toBe(APPEND_ONLY);
      expect(await refusal(undefined, `truncate ${table}`), table).toBe(APPEND_ONLY);
    }
    // All but the queue, which is emptied by whoever seals.
    for (const [table] of TRAIL) {
      expect(await refusal(undefined, `delete from ${table}`), table).toBe(APPEND_ONLY);
    }
    for (const part of PARTITIONS) {
      expect(await refusal(undefined, `truncate ${part}`), part).toBe(APPEND_ONLY);
      expect(await refusal(undefined, `update ${part} set tenant_id = '${newId()}'`), part).toBe(APPEND_ONLY);
    }
  });

  it('stand on new partitions as well', async () => {
    await test.query('select ensure_audit_partitions(1)');
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    for (const parent of ['audit_event', 'audit_sealed']) {
      const part = `${parent}_${today}`;
      expect(await refusal(undefined, `truncate ${part}`)).toBe(APPEND_ONLY);
      const [row] = await test.query<{ owner: string; triggers: number }>(
        `select pg_get_userbyid(relowner) as owner,
           (select count(*)::int from pg_trigger where tgrelid = pg_class.oid) as triggers
         from pg_class where relname = $1`,
        [part],
      );
      expect(row).toMatchObject({ owner: 'countersign_audit_owner' });
      expect(row?.triggers).toBeGreaterThanOrEqual(2);
    }
  });

  it('belong to a role that nobody logs in as, like the functions that act with its rights', async () => {
    const owners = await test.query<{ name: string; owner: string }>(
      `select relname as name, pg_get_userbyid(relowner) as owner from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname ~ '^audit_'
       union all select proname, pg_get_userbyid(proowner) from pg_proc
       where pronamespace = 'public'::regnamespace and prosecdef and proname ~ 'audit|sealed'`,
    );
    expect(owners.length).toBeGreaterThan(25);
    expect(owners.filter(({ owner }) => owner !== 'countersign_audit_owner')).toEqual([]);
  });

  it('take no table of the caller for one of theirs', async () => {
    const functions = await test.query<{ name: string; settings: string[] | null }>(
      `select proname as name, proconfig as settings from pg_proc
       where pronamespace = 'public'::regnamespace and prosecdef`,
    );
    expect(functions.filter(({ settings }) => settings?.[0] !== 'search_path=public, pg_temp')).toEqual([]);
    // With a queue of its own, a caller could otherwise claim any record.
    const lie = `create temp table audit_pending (transaction_id xid8, subject text);
      insert into pg_temp.audit_pending values (pg_current_xact_id(), '${TEST_TENANT_ID}');
      insert into safe_mode values ('${TEST_TENANT_ID}', 'tenant', true, 'x', 'x', now());
      set constraints all immediate`;
    expect(await refusal('countersign_app', lie)).toBe('CS003');
  });
});

describe('an owner of the database who is no superuser', () => {
  const name = `plain_${randomBytes(6).toString('hex')}`;
  let admin: TestDatabase;
  let database: ReturnType<typeof openPostgres>;

  beforeAll(async () => {
    admin = await createTestDatabase();
    const roles = [...ROLES, 'countersign_audit_owner'].join(', ');
    await admin.query(`create role ${name} login password 'plain' createrole`);
    await admin.query(`grant ${roles} to ${name} with inherit false, set true`);
    await admin.query(`create database ${name} owner ${name}`);
    const url = new URL(inject('clusterUrl'));
    Object.assign(url, { pathname: `/${name}`, username: name, password: 'plain' });
    database = openPostgres({
      url: url.href,
      poolSize: 2,
      statementTimeoutMs: 30_000,
      connectTimeoutMs: 10_000,
      onPoolError: () => undefined,
    });
    await migrateToLatest(database.db);
  });
  afterAll(async () => {
    await database?.db.destroy();
    await database?.enginePool.end();
    await admin?.query(`drop database if exists ${name} with (force)`);
    await admin?.query(`drop role if exists ${name}`);
    await admin?.close();
  });

  it('makes the schema, records, and keeps days ahead', async () => {
    const service = new DatabaseService({ url: '', ...database, embedded: undefined });
    await service.withSystem((trx) => sql`select ensure_audit_partitions(1)`.execute(trx));
    await service.withSystem((trx) =>
      sql`insert into tenant (id, name) values (${TEST_TENANT_ID}, 'x')`.execute(trx),
    );
    const event = buildAuditRecord(
      TEST_TENANT_ID,
      { type: 'instance.stopped', outcome: 'success', actor: { type: 'system', ref: 'test' } },
      new Date(),
    );
    await service.withTenant(TEST_TENANT_ID, (trx) => new AuditRepository().insert(trx, [event]));
    await service.withRetention(TEST_TENANT_ID, (trx) =>
      sql`select * from due_audit_events('2020-01-01')`.execute(trx),
    );
    const { rows } = await database.pool.query('select id from audit_event');
    expect(rows).toEqual([{ id: event.id }]);
  });

  it.each([
    'update audit_event set outcome = outcome',
    'delete from audit_event',
    'truncate audit_event',
    'alter table audit_event disable trigger all',
    `insert into audit_index select gen_random_uuid(), 0, id, occurred_at, leaf_hash from audit_event`,
  ])('cannot %s', async (statement) => {
    await expect(database.pool.query(statement)).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
  });
});
