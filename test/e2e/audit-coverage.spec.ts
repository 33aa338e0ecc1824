import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

/** Tables whose changes the database lets through without a record, each with the reason why that is right. */
const REVIEWED: Readonly<Record<string, string>> = {
  tenant: 'made once, by the bootstrap that records it (tenant.created); no route makes or changes one',
  subject_key: 'made with what it seals; its destruction is guarded',
  idempotency_key: 'a cache of answers, written with the change that the answer tells of',
  content: 'texts by their hash, written with the run; their hashes stand in its records',
  workflow_step:
    'written in the statement that writes the run, whose row is guarded; outputs stand in records by hash',
  workflow_event: 'what is told of a change, written in the statement of the change',
  workflow_attribute: 'kept from the attributes of the run by a trigger',
  artifact: 'written in the statement that writes the run; approvals bind it by its hash',
  vault_token: 'sealed values, written in the statement that writes the run',
  webhook_cursor: 'how far events have been handed out: a position in the queue',
  webhook_message: 'a copy of an event that is recorded, for the time of its delivery',
  webhook_delivery: 'a queue of messages; what becomes of each is guarded (webhook_delivery_audited)',
  batch_row:
    'a queue of rows; what becomes of each is a run that is recorded, or counted in a record of the batch',
  report_day: 'counts of what the trail holds, made from it',
  content_orphan: 'a list of work for retention',
  kysely_migration: 'kept by the migrator; each start records what is new (schema.migrated)',
  kysely_migration_lock: 'the lock of the migrator',
};

/** The trail, and what proves it. It is guarded by itself: append-only, or growing only. */
const TRAIL = /^audit_/;

let database: TestDatabase;
let guarded: Set<string>;
let tables: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  const rows = await database.query<{ name: string; guarded: boolean }>(
    `select c.relname as name, exists (
       select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       where t.tgrelid = c.oid and p.proname like 'require_audit%' and t.tgdeferrable and t.tginitdeferred
         and t.tgenabled = 'O' and t.tgtype & 4 = 4
     ) as guarded
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  tables = rows.map(({ name }) => name).filter((name) => !TRAIL.test(name));
  guarded = new Set(rows.filter((row) => row.guarded).map(({ name }) => name));
});
afterAll(() => database?.close());

describe('a table of the product', () => {
  it('takes no row without a record, or stands on the list with the reason', () => {
    expect(tables.length).toBeGreaterThan(25);
    expect(tables.filter((name) => !guarded.has(name) && !Object.hasOwn(REVIEWED, name))).toEqual([]);
  });

  it('stands on the list only as long as it is there and nothing guards it', () => {
    expect(Object.keys(REVIEWED).filter((name) => !tables.includes(name) || guarded.has(name))).toEqual([]);
  });

  it('has row-level security that holds for its owner too', async () => {
    const open = await database.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
         and c.relname not like 'kysely%' and not (c.relrowsecurity and c.relforcerowsecurity)`,
    );
    expect(open).toEqual([]);
  });
});
