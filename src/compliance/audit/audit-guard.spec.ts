import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, TEST_TENANT_ID, type TestDatabase } from '../../../test/harness/database.js';
import { newId } from '../../kernel/ids.js';

describe('no audit record, no change', () => {
  let test: TestDatabase;
  const sessionId = newId();
  beforeAll(async () => {
    test = await createTestDatabase();
    await test.force(SESSION, [sessionId, TEST_TENANT_ID]);
  });
  afterAll(() => test.close());

  it.each<[string, string, unknown[]]>([
    ['a session', SESSION, [newId(), TEST_TENANT_ID]],
    ['the revocation of a session', 'update session set revoked_at = now() where id = $1', [sessionId]],
    [
      'an API key',
      `insert into api_key (id, tenant_id, name, key_hash, display_prefix, roles, created_by)
       values ($1, $2, 'x', '\\x00', 'cs_x', '{admin}', 'x')`,
      [newId(), TEST_TENANT_ID],
    ],
    [
      'a consent',
      `insert into consent (id, tenant_id, session_id, subject_ref, purpose, lawful_basis, granted, recorded_by, recorded_at)
       values ($1, $2, $3, '*', 'x', 'consent', true, 'x', now())`,
      [newId(), TEST_TENANT_ID, sessionId],
    ],
    [
      'a run',
      `insert into workflow_run (id, tenant_id, definition, definition_version, session_id, owner_id, status, phase,
         input_hash, created_at, updated_at)
       values ($1, $2, 'x', 1, $3, 'x', 'QUEUED', 'INITIALIZATION', '\\x00', now(), now())`,
      [newId(), TEST_TENANT_ID, sessionId],
    ],
  ])('refuses %s that nobody recorded, even to the owner of the tables', async (_what, text, values) => {
    await expect(test.query(text, values)).rejects.toMatchObject({ code: 'CS003' });
  });

  it('takes the record of another transaction for nothing', async () => {
    const id = newId();
    await test.query(
      `insert into audit_pending (tenant_id, event_id, subject, occurred_at) values ($1, $2, $3, now())`,
      [TEST_TENANT_ID, newId(), id],
    );
    await expect(test.query(SESSION, [id, TEST_TENANT_ID])).rejects.toMatchObject({ code: 'CS003' });
  });

  it('takes a change with its record', async () => {
    const id = newId();
    await test.database.withTenant(TEST_TENANT_ID, async (trx) => {
      const now = new Date();
      await trx
        .insertInto('session')
        .values({
          id,
          tenant_id: TEST_TENANT_ID,
          owner_id: 'x',
          metadata_sealed: null,
          created_at: now,
          last_seen_at: now,
          idle_expires_at: now,
          expires_at: now,
          revoked_at: null,
        })
        .execute();
      await trx
        .insertInto('audit_pending')
        .values({ tenant_id: TEST_TENANT_ID, event_id: newId(), subject: id, occurred_at: now })
        .execute();
    });
    expect(await test.query('select 1 from session where id = $1', [id])).toHaveLength(1);
  });
});

const SESSION = `insert into session (id, tenant_id, owner_id, created_at, last_seen_at, idle_expires_at, expires_at)
  values ($1, $2, 'x', now(), now(), now(), now())`;
