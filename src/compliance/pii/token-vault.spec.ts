import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  OTHER_TENANT_ID,
  TEST_TENANT_ID,
  type TestDatabase,
} from '../../../test/harness/database.js';
import { statementOf } from '../../database/statement.js';
import { within } from '../../database/within.js';
import { writeAnew } from '../../database/write-anew.js';
import { newId } from '../../kernel/ids.js';
import type { VaultEntry } from './operators/tokenizer.js';
import { KekRing } from './kek-ring.service.js';
import { TokenVault } from './token-vault.service.js';
import { vaultParts } from './vault-rows.js';
import { VaultRepository } from './vault.repository.js';

const kek = randomBytes(32);
const entry = (token: string, subjectRef: string, value: string, shared = false): VaultEntry => ({
  token: `⟦${token}⟧`,
  entity: token.replace(/_\d+$/, ''),
  subjectRef,
  value,
  shared,
});

function vaultWith(key: Buffer): TokenVault {
  const config = { kek: key, kekSource: 'config', epochDays: 30 } as const;
  const instance = { environment: 'test', configDir: '', dataDir: '', version: '0' } as const;
  return new TokenVault(new VaultRepository(), new KekRing(config, instance), config);
}

describe('TokenVault', () => {
  let test: TestDatabase;
  const vault = vaultWith(kek);
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.close());

  const seal = (runId: string, entries: readonly VaultEntry[], by = vault, tenantId = TEST_TENANT_ID) =>
    test.database.withTenant(tenantId, async (trx) => {
      const sealed = await by.seal(within(trx), [{ tenantId, runId, entries }]);
      await within(trx)(statementOf('seal', vaultParts(sealed), 'select 1'));
    });
  const open = (runId: string, tokens?: readonly string[], by = vault, tenantId = TEST_TENANT_ID) =>
    test.database.withTenant(tenantId, (trx) => by.open(trx, tenantId, runId, tokens));

  it('gives back what it was given, all of it or what is asked for', async () => {
    const runId = newId();
    const entries = [
      entry('EMAIL_1', 'sub_a', 'jane@example.com'),
      entry('PERSON_1', 'sub_a', 'Jäne 👩‍💻 Doe'),
      entry('PHONE_1', 'sub_b', '+1 415 555 2671', true),
    ];
    await seal(runId, entries);
    expect(await open(runId)).toEqual(expect.arrayContaining(entries));
    expect(await open(runId)).toHaveLength(3);
    expect(await open(runId, ['⟦PHONE_1⟧', '⟦PHONE_9⟧'])).toEqual([entries[2]]);
    expect(await open(runId, [])).toEqual([]);
    expect(await open(newId())).toEqual([]);
  });

  it('stores no value in the clear', async () => {
    const runId = newId();
    await seal(runId, [entry('EMAIL_1', 'sub_clear', 'clear.text@example.com')]);
    const rows = await test.query<{ row: string }>(
      `select t::text || encode(t.sealed, 'escape') || encode(k.wrapped_key, 'escape') as row
       from vault_token t join subject_key k using (tenant_id, subject_ref) where run_id = $1`,
      [runId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.row).not.toContain('clear.text');
  });

  it('uses one key for a subject in all runs', async () => {
    await seal(newId(), [entry('EMAIL_1', 'sub_same', 'a@example.com')]);
    const before = await test.query(`select wrapped_key from subject_key where subject_ref = 'sub_same'`);
    await seal(newId(), [entry('EMAIL_1', 'sub_same', 'a@example.com')]);
    expect(await test.query(`select wrapped_key from subject_key where subject_ref = 'sub_same'`)).toEqual(
      before,
    );
  });

  it('is right when two transactions meet a new subject at once', async () => {
    const runs = Array.from({ length: 6 }, () => newId());
    const subjects = Array.from({ length: 40 }, (_, index) => `sub_race_${index}`);
    await Promise.all(
      runs.map((runId, run) => {
        const entries = subjects.map((subjectRef, index) =>
          entry(`EMAIL_${index}`, subjectRef, `${index}@example.com`),
        );
        return writeAnew(() => seal(runId, run % 2 ? entries.reverse() : entries));
      }),
    );
    for (const runId of runs) expect(await open(runId)).toHaveLength(40);
  });

  it('leaves out what a destroyed key sealed, and seals anew for a subject that comes back', async () => {
    const [before, after] = [newId(), newId()];
    await seal(before, [
      entry('EMAIL_1', 'sub_gone', 'a@example.com'),
      entry('EMAIL_2', 'sub_stays', 'b@example.com'),
    ]);
    await test.force(
      `update subject_key set wrapped_key = null, destroyed_at = now() where subject_ref = 'sub_gone'`,
    );
    expect((await open(before)).map(({ token }) => token)).toEqual(['⟦EMAIL_2⟧']);
    await seal(after, [entry('EMAIL_1', 'sub_gone', 'a@example.com')]);
    expect(await open(after)).toHaveLength(1);
    expect((await open(before)).map(({ token }) => token)).toEqual(['⟦EMAIL_2⟧']);
  });

  it('keeps an entry that is there already', async () => {
    const runId = newId();
    await seal(runId, [entry('EMAIL_1', 'sub_a', 'first@example.com')]);
    await seal(runId, [entry('EMAIL_1', 'sub_a', 'second@example.com')]);
    expect((await open(runId))[0]?.value).toBe('first@example.com');
  });

  it('marks an entry as shared once it stands in a text for everybody', async () => {
    const runId = newId();
    await seal(runId, [entry('EMAIL_1', 'sub_a', 'a@example.com')]);
    await seal(runId, [entry('EMAIL_1', 'sub_a', 'a@example.com', true)]);
    expect(await open(runId)).toEqual([entry('EMAIL_1', 'sub_a', 'a@example.com', true)]);
  });

  it('refuses rows that were swapped or changed', async () => {
    const runId = newId();
    await seal(runId, [
      entry('EMAIL_1', 'sub_swap', 'a@example.com'),
      entry('EMAIL_2', 'sub_swap', 'b@example.com'),
    ]);
    await test.query(
      `update vault_token t set sealed = o.sealed from vault_token o
       where t.run_id = $1 and o.run_id = $1 and t.token = '⟦EMAIL_1⟧' and o.token = '⟦EMAIL_2⟧'`,
      [runId],
    );
    await expect(open(runId)).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' });
  });

  it('refuses to read with another instance’s key', async () => {
    const runId = newId();
    await seal(runId, [entry('EMAIL_1', 'sub_a', 'a@example.com')]);
    const stranger = vaultWith(randomBytes(32));
    await expect(open(runId, undefined, stranger)).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' });
    await expect(seal(newId(), [entry('EMAIL_1', 'sub_a', 'a@example.com')], stranger)).rejects.toMatchObject(
      { code: 'VAULT_UNAVAILABLE' },
    );
  });

  it('shows a tenant nothing of another', async () => {
    const runId = newId();
    await seal(runId, [entry('EMAIL_1', 'sub_a', 'a@example.com')]);
    expect(await open(runId, undefined, vault, OTHER_TENANT_ID)).toEqual([]);
  });

  it('takes the tokens of 10,000 recipients', async () => {
    const runId = newId();
    const entries = Array.from({ length: 30_000 }, (_, index) =>
      entry(`EMAIL_${index}`, `sub_many_${index % 10_000}`, `${index}@example.com`),
    );
    await seal(runId, entries);
    const opened = new Map((await open(runId)).map((one) => [one.token, one.value]));
    expect(opened.size).toBe(30_000);
    expect(opened.get('⟦EMAIL_29999⟧')).toBe('29999@example.com');
  });

  it('names a person the same in one tenant, whatever the case of the address, and otherwise in another', () => {
    const ref = vault.subjectRefOf(TEST_TENANT_ID, 'jane@example.com');
    expect(ref).toMatch(/^sub_[0-9a-f]{64}$/);
    expect(vault.subjectRefOf(TEST_TENANT_ID, ' Jane@Example.COM ')).toBe(ref);
    expect(vault.subjectRefOf(OTHER_TENANT_ID, 'jane@example.com')).not.toBe(ref);
    expect(vault.runSubjectRef('x')).toBe('run_x');
  });
});
