import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../../../test/harness/database.js';
import { createTrustApp, type TrustApp } from '../../../test/harness/trust-app.js';
import type { Trx } from '../../database/trx.js';
import { newId } from '../../kernel/ids.js';
import { TokenVault } from '../pii/token-vault.service.js';
import { ConsentModule } from './consent.module.js';
import { ConsentService, MAX_CONSENTS_OF_SESSION } from './consent.service.js';
import type { Consent } from './consent.js';

const PURPOSE = 'email-campaign';
const consent = (subject: string, granted = true, changes: Partial<Consent> = {}): Consent => ({
  subject,
  purpose: PURPOSE,
  lawfulBasis: 'consent',
  granted,
  ...changes,
});

describe('ConsentService', () => {
  let trust: TrustApp;
  let consents: ConsentService;
  let vault: TokenVault;
  beforeAll(async () => {
    trust = await createTrustApp({ imports: [ConsentModule] });
    consents = trust.app.get(ConsentService);
    vault = trust.app.get(TokenVault, { strict: false });
  });
  afterAll(() => trust.close());

  const openSession = async (tenantId = TEST_TENANT_ID) => {
    const id = newId();
    await trust.database.force(
      `insert into session (id, tenant_id, owner_id, created_at, last_seen_at, idle_expires_at, expires_at)
       values ($1, $2, 'owner', now(), now(), now(), now())`,
      [id, tenantId],
    );
    return id;
  };
  const record = (sessionId: string, words: readonly Consent[], tenantId = TEST_TENANT_ID) => {
    // No two words are given at the same moment.
    trust.clock.advance(1_000);
    return trust.database.database.withTenant(tenantId, (trx) =>
      consents.record(trx, { tenantId, sessionId, actorRef: 'actor', requestId: 'request', consents: words }),
    );
  };
  const covers = (
    sessionId: string,
    subjects: readonly string[],
    purpose = PURPOSE,
    tenantId = TEST_TENANT_ID,
  ) =>
    consents.covers(
      tenantId,
      sessionId,
      purpose,
      subjects.map((subject) => vault.subjectRefOf(tenantId, subject)),
    );

  const asApplication = (statement: (trx: Trx) => Promise<unknown>) =>
    trust.database.database.withTenant(TEST_TENANT_ID, statement);

  it('covers the subjects that were named, however their address is spelt', async () => {
    const session = await openSession();
    await record(session, [consent('Ada@Example.org')]);
    expect(await covers(session, ['ada@example.org'])).toEqual({
      covered: true,
      missing: 0,
      basis: 'consent',
    });
    expect(await covers(session, ['ada@example.org', 'bob@example.org'])).toEqual({
      covered: false,
      missing: 1,
    });
  });

  it('lets the newest word count', async () => {
    const session = await openSession();
    for (const granted of [true, false]) {
      await record(session, [consent('ada@example.org', granted)]);
      expect((await covers(session, ['ada@example.org'])).covered).toBe(granted);
    }
    await record(session, [consent('ada@example.org', true, { lawfulBasis: 'contract' })]);
    expect(await covers(session, ['ada@example.org'])).toMatchObject({ covered: true, basis: 'contract' });
  });

  it('leaves out who withdrew, although everybody is granted', async () => {
    const session = await openSession();
    await record(session, [consent('ada@example.org', false)]);
    await record(session, [consent('*')]);
    expect(await covers(session, ['ada@example.org', 'bob@example.org'])).toEqual({
      covered: false,
      missing: 1,
    });
    expect(await covers(session, ['bob@example.org'])).toMatchObject({ covered: true });
  });

  it('ends earlier grants by a withdrawal for everybody', async () => {
    const session = await openSession();
    await record(session, [consent('ada@example.org')]);
    await record(session, [consent('*', false)]);
    expect((await covers(session, ['ada@example.org'])).covered).toBe(false);
  });

  it('counts for its own purpose, session and tenant only', async () => {
    const session = await openSession();
    await record(session, [consent('*')]);
    expect((await covers(session, ['ada@example.org'], 'survey')).covered).toBe(false);
    expect((await covers(await openSession(), ['ada@example.org'])).covered).toBe(false);
    expect((await covers(session, ['ada@example.org'], PURPOSE, OTHER_TENANT_ID)).covered).toBe(false);
  });

  it('answers for 10,000 subjects, and finds the one that withdrew among them', async () => {
    const session = await openSession();
    const subjects = Array.from({ length: 10_000 }, (_, index) => `r${index}@example.org`);
    await record(
      session,
      subjects.map((subject) => consent(subject)),
    );
    expect(await covers(session, subjects)).toEqual({ covered: true, missing: 0, basis: 'consent' });
    await record(session, [consent('r4711@example.org', false)]);
    expect(await covers(session, subjects)).toEqual({ covered: false, missing: 1 });
  });

  it('binds the recorded rows into the trail by a hash, one event a recording', async () => {
    const session = await openSession();
    await record(session, [consent('ada@example.org'), consent('bob@example.org', false)]);
    const leaves = (await trust.auditOf('consent.recorded')).filter((leaf) => leaf['session'] === session);
    expect(leaves).toHaveLength(1);
    expect(leaves[0]).toMatchObject({
      actor: { type: 'apiKey', ref: 'actor' },
      detail: { granted: 1, withdrawn: 1, recordsHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it('refuses two words on one subject in one breath and records neither', async () => {
    const session = await openSession();
    const contradiction = record(session, [consent('ada@example.org'), consent('ADA@example.org', false)]);
    await expect(contradiction).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await trust.database.query('select 1 from consent where session_id = $1', [session])).toEqual([]);
  });

  it('keeps a session at a size that can be answered', async () => {
    const session = await openSession();
    const batch = (name: string) =>
      Array.from({ length: MAX_CONSENTS_OF_SESSION / 2 }, (_, index) =>
        consent(`${name}${index}@example.org`),
      );
    await record(session, batch('a'));
    await record(session, batch('b'));
    await record(session, batch('b'));
    await expect(record(session, [consent('*')])).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  const carryOver = (from: string, to: string) =>
    trust.database.database.withTenant(TEST_TENANT_ID, (trx) =>
      consents.carryOver(trx, from, {
        tenantId: TEST_TENANT_ID,
        sessionId: to,
        actorRef: 'actor',
        requestId: 'request',
      }),
    );
  const current = (sessionId: string) =>
    trust.database.database.withTenant(TEST_TENANT_ID, (trx) => consents.current(trx, sessionId));
  /** What a new session holds after it was given the consents of another one. */
  const carriedFrom = async (from: string) => {
    const session = await openSession();
    await carryOver(from, session);
    return session;
  };

  it('carries words over as they stand, withdrawals included, with the time they were given', async () => {
    const session = await openSession();
    const purpose = `carried-${newId()}`;
    await record(session, [
      consent('carla@example.org', true, { purpose }),
      consent('carl@example.org', false, { purpose }),
      consent('*', true, { purpose }),
    ]);
    const carried = await carriedFrom(session);
    expect(await current(carried)).toEqual(await current(session));
    expect((await covers(carried, ['carla@example.org'], purpose)).covered).toBe(true);
    expect((await covers(carried, ['carl@example.org'], purpose)).covered).toBe(false);
    const leaves = (await trust.auditOf('consent.recorded')).filter((leaf) => leaf['session'] === carried);
    expect(leaves).toMatchObject([{ detail: { granted: 2, withdrawn: 1 } }]);
  });

  it.each([
    ['the same person', 'cora@example.org', 'cora@example.org'],
    ['one of all', '*', 'cora@example.org'],
    ['everybody', 'cora@example.org', '*'],
  ])(
    'carries a later withdrawal for %s over, whatever session it was recorded in',
    async (_who, given, withdrawn) => {
      const purpose = `carried-${newId()}`;
      const session = await openSession();
      await record(session, [consent(given, true, { purpose })]);
      expect((await covers(await carriedFrom(session), ['cora@example.org'], purpose)).covered).toBe(true);
      await record(await openSession(), [consent(withdrawn, false, { purpose })]);
      expect((await covers(await carriedFrom(session), ['cora@example.org'], purpose)).covered).toBe(false);
      // A new word counts where it is given: here it renews what the session holds …
      await record(session, [consent('cora@example.org', true, { purpose })]);
      expect((await covers(await carriedFrom(session), ['cora@example.org'], purpose)).covered).toBe(true);
      // … and in another session it does nothing for this one.
      await record(session, [consent('cora@example.org', false, { purpose })]);
      await record(await openSession(), [consent('cora@example.org', true, { purpose })]);
      expect((await covers(await carriedFrom(session), ['cora@example.org'], purpose)).covered).toBe(false);
    },
  );

  it.each(['cora@example.org', '*'])(
    'leaves what was carried over open to a withdrawal for %s in any session, unlike what was given',
    async (withdrawn) => {
      const purpose = `carried-${newId()}`;
      const given = await openSession();
      await record(given, [consent('cora@example.org', true, { purpose })]);
      const carried = await carriedFrom(given);
      const both = async () => [
        (await covers(given, ['cora@example.org'], purpose)).covered,
        (await covers(carried, ['cora@example.org'], purpose)).covered,
      ];
      expect(await both()).toEqual([true, true]);
      await record(await openSession(), [consent(withdrawn, false, { purpose })]);
      expect(await both()).toEqual([true, false]);
      await record(carried, [consent('cora@example.org', true, { purpose })]);
      expect(await both()).toEqual([true, true]);
    },
  );

  it('does not take an old withdrawal that was carried elsewhere for a new one', async () => {
    const purpose = `carried-${newId()}`;
    const old = await openSession();
    await record(old, [consent('*', true, { purpose })]);
    await record(await openSession(), [consent('cleo@example.org', false, { purpose })]);
    const renewed = await openSession();
    await record(renewed, [consent('cleo@example.org', true, { purpose })]);
    // Written after the renewal, but it was given before.
    await carriedFrom(old);
    expect((await covers(await carriedFrom(renewed), ['cleo@example.org'], purpose)).covered).toBe(true);
  });

  it('carries nothing over from another tenant, another purpose or an earlier time', async () => {
    const purpose = `carried-${newId()}`;
    await record(await openSession(), [consent('cyd@example.org', false, { purpose })]);
    const session = await openSession();
    await record(session, [consent('cyd@example.org', true, { purpose })]);
    await record(await openSession(), [consent('cyd@example.org', false, { purpose: 'survey' })]);
    await record(
      await openSession(OTHER_TENANT_ID),
      [consent('cyd@example.org', false, { purpose })],
      OTHER_TENANT_ID,
    );
    expect((await covers(await carriedFrom(session), ['cyd@example.org'], purpose)).covered).toBe(true);
  });

  it('cannot be changed or removed by the application', async () => {
    const session = await openSession();
    await record(session, [consent('*')]);
    const change = asApplication((trx) => trx.updateTable('consent').set({ granted: false }).execute());
    await expect(change).rejects.toThrow(/permission denied/);
    const removal = asApplication((trx) => trx.deleteFrom('consent').execute());
    await expect(removal).rejects.toThrow(/permission denied/);
  });
});
