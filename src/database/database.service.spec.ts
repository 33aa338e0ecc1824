import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  OTHER_TENANT_ID,
  TEST_TENANT_ID,
  type TestDatabase,
} from '../../test/harness/database.js';
import { newId } from '../kernel/ids.js';
import { statementOf } from './statement.js';
import { within } from './within.js';

describe('DatabaseService', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.close());

  const insertContent = (tenantId: string, hash: Buffer) =>
    test.database.withTenant(tenantId, (trx) =>
      trx.insertInto('content').values({ tenant_id: tenantId, hash, body: '{}' }).execute(),
    );

  it('shows a tenant its own rows only', async () => {
    await insertContent(TEST_TENANT_ID, Buffer.from('mine'));
    await insertContent(OTHER_TENANT_ID, Buffer.from('theirs'));
    const rows = await test.database.withTenant(TEST_TENANT_ID, (trx) =>
      trx.selectFrom('content').select(['hash']).execute(),
    );
    expect(rows.map((row) => row.hash.toString())).toEqual(['mine']);
  });

  it('refuses a row written for another tenant', async () => {
    const foreign = test.database.withTenant(TEST_TENANT_ID, (trx) =>
      trx
        .insertInto('content')
        .values({ tenant_id: OTHER_TENANT_ID, hash: Buffer.from('x'), body: '{}' })
        .execute(),
    );
    await expect(foreign).rejects.toThrow(/row-level security/);
  });

  it('rolls everything back when the work throws', async () => {
    const id = newId();
    const failing = test.database.withTenant(TEST_TENANT_ID, async (trx) => {
      await trx
        .insertInto('content')
        .values({ tenant_id: TEST_TENANT_ID, hash: Buffer.from(id), body: '{}' })
        .execute();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await test.query('select 1 from content where hash = $1', [Buffer.from(id)])).toEqual([]);
  });

  it('prepares a statement that is sent again, and shows by it to each tenant its own rows only', async () => {
    await insertContent(TEST_TENANT_ID, Buffer.from('prepared mine'));
    await insertContent(OTHER_TENANT_ID, Buffer.from('prepared theirs'));
    const statement = statementOf(
      'probe',
      [
        {
          ctes: () => [
            ['seen', `select convert_from(hash, 'UTF8') as text from content where hash like 'prepared%'`],
          ],
        },
      ],
      'select text from seen',
    );
    // More often than Postgres plans anew, in turn, on whatever connection there is.
    for (let turn = 0; turn < 12; turn++) {
      const [tenantId, text] =
        turn % 2 === 0 ? [TEST_TENANT_ID, 'prepared mine'] : [OTHER_TENANT_ID, 'prepared theirs'];
      const [rows, prepared] = await test.database.withTenant(tenantId, async (trx) => {
        const found = await within(trx)<{ text: string }>(statement);
        return [
          found,
          await sql`select from pg_prepared_statements where name = ${statement.name}`.execute(trx),
        ];
      });
      expect(rows).toEqual([{ text }]);
      expect(prepared.rows).toHaveLength(1);
    }
  });

  it('leaves no role or tenant behind on the connection', async () => {
    await Promise.all(Array.from({ length: 8 }, () => insertContent(TEST_TENANT_ID, Buffer.from(newId()))));
    const rows = await test.query<{ role: string; tenant: string | null }>(
      `select current_user as role, current_setting('app.tenant_id', true) as tenant`,
    );
    expect(rows[0]?.role).not.toBe('countersign_app');
    expect(rows[0]?.tenant ?? '').toBe('');
  });

  it('survives a connection that breaks between two statements of a transaction', async () => {
    const work = test.database.withTenant(TEST_TENANT_ID, async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      const pid = rows[0]?.pid;
      await test.query('select pg_terminate_backend($1)', [pid]);
      await expect
        .poll(() => test.query('select from pg_stat_activity where pid = $1', [pid]), { timeout: 20_000 })
        .toEqual([]);
      // The process hears of it while it waits for nothing from the database; unheard, it would end here.
      await new Promise((resolve) => setImmediate(resolve));
      await sql`select 1`.execute(trx);
    });
    await expect(work).rejects.toBeInstanceOf(Error);
    await expect(test.database.ping()).resolves.toBeUndefined();
  });

  it('takes the locks from a process that is frozen inside a transaction', async () => {
    const settings = await test.database.withTenant(TEST_TENANT_ID, (trx) =>
      sql<{ value: string }>`select current_setting('idle_in_transaction_session_timeout') as value`.execute(
        trx,
      ),
    );
    expect(settings.rows).toEqual([{ value: '10s' }]);
  });

  it('never lets text other than a UUID into the statement that names the tenant', () => {
    expect(() => test.database.withTenant(`x'; drop table tenant; --`, async () => undefined)).toThrow(
      TypeError,
    );
  });

  it('refuses to change or remove audit records, even for the owner', async () => {
    await test.query(
      `insert into audit_event (id, tenant_id, type, outcome, occurred_at, actor_type, actor_ref, leaf, leaf_hash)
       values ($1, $2, 'x', 'success', now(), 'system', 'x', '\\x00', '\\x00')`,
      [newId(), TEST_TENANT_ID],
    );
    await expect(test.query(`update audit_event set type = 'y'`)).rejects.toThrow(/append-only/);
    await expect(test.query(`delete from audit_event`)).rejects.toThrow(/append-only/);
    await expect(test.query(`truncate audit_event`)).rejects.toThrow(/append-only/);
  });
});
