import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenVault } from '../../src/compliance/pii/token-vault.service.js';
import { DataSubjects } from '../../src/compliance/subjects/data-subjects.service.js';
import { type HeldRecord, PersonalStores } from '../../src/compliance/subjects/personal-stores.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { ScheduleSeal } from '../../src/schedules/schedule-seal.js';
import { canonicalHash, type JsonValue } from '../../src/kernel/canonical-json.js';
import { type Breakage, BREAKAGES } from '../harness/broken-trail.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { CanarySearch } from '../harness/canaries.js';
import { BRIEF, SENDER, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import type { TestAnswer } from '../harness/http-client.js';
import { startInstance } from '../harness/instance.js';
import { databaseDump, dataFiles } from '../harness/leak-places.js';
import { canariesOf, PEOPLE } from '../harness/personal-campaign.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

const [WILHELMINA, BARTHOLOMEW] = PEOPLE;
const REASON = 'She asks on the telephone where we have her address from.';
const PLACE = '/v1/subjects/%5BEMAIL%5D';

describe('the erasure of a person', () => {
  let product: Product;
  let ref: string;
  let sessionId: string;
  let delivered: string;
  let waiting: string;
  let scheduleId: string;
  let receipt: TestAnswer['body'];
  const before: Record<string, unknown> = {};

  beforeAll(async () => {
    product = await startProduct();
    ref = product.app.get(TokenVault, { strict: false }).subjectRefOf(TEST_TENANT_ID, WILHELMINA.email);
    sessionId = await openSession();
    delivered = await run([WILHELMINA, BARTHOLOMEW]);
    await product.client.post(`/v1/workflows/${delivered}/approvals`, {
      decision: 'approve',
      comment: `Fine for ${WILHELMINA.name}`,
    });
    await untilEnded(product.client, delivered);
    waiting = await run([WILHELMINA, BARTHOLOMEW]);
    scheduleId = await makeSchedule();
    before['message'] = await readFile(messageOf(0), 'utf8');
    before['values'] = await countOf('vault_token');
    before['exported'] = await product.client.get(`/v1/subjects/${WILHELMINA.email}/export`);
    before['revealed'] = await reveal({
      runId: delivered,
      tokens: ['\u27e6EMAIL_1\u27e7', '\u27e6EMAIL_99\u27e7'],
    });
    before['again'] = await product.client.get(`/v1/subjects/${ref}/export`);
    const asked = await erase(WILHELMINA.email);
    if (asked.status !== 202) throw new Error(asked.text);
    receipt = await completed(asked.body.id as string);
  });
  afterAll(() => product?.close());

  async function openSession(): Promise<string> {
    const consents = [WILHELMINA, BARTHOLOMEW].map(({ email: subject }) => ({
      subject,
      purpose: 'email-campaign',
      lawfulBasis: 'consent',
      granted: true,
    }));
    const metadata = { about: { name: WILHELMINA.name, email: WILHELMINA.email }, desk: 7 };
    const answer = await product.client.post(
      '/v1/sessions',
      { consents, metadata },
      { headers: { 'idempotency-key': 'a-session' } },
    );
    expect(answer.status, answer.text).toBe(201);
    return answer.body.id as string;
  }

  async function run(recipients: readonly object[], session = sessionId): Promise<string> {
    const input = { brief: BRIEF, sender: SENDER, recipients };
    const { body, status, text } = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      sessionId: session,
      input,
    });
    expect(status, text).toBe(202);
    await product.client.until(
      `/v1/workflows/${body.id}`,
      ({ body: found }) => found.status === 'WAITING_FOR_APPROVAL',
    );
    return body.id as string;
  }

  async function makeSchedule(): Promise<string> {
    const { body, status, text } = await product.client.post('/v1/schedules', {
      name: 'Renewals',
      definition: 'email-campaign',
      sessionId,
      input: { brief: BRIEF, sender: SENDER, recipients: [WILHELMINA, BARTHOLOMEW] },
      cron: '0 9 * * 1',
      timeZone: 'UTC',
    });
    expect(status, text).toBe(201);
    return body.id as string;
  }

  const erase = (subject: string, key?: string) =>
    product.client.request('DELETE', `/v1/subjects/${encodeURIComponent(subject)}`, { key });
  const completed = async (id: string) =>
    (
      await product.client.until(
        `/v1/subjects/erasures/${id}`,
        ({ body }) => body.status === 'completed' && body.proof !== null,
      )
    ).body;
  const reveal = (body: object, key?: string) =>
    product.client.post('/v1/pii/reveal', { purpose: 'review', reason: REASON, ...body }, { key });
  const messageOf = (index: number) => join(product.dataDir, 'outbox', delivered, `${index}.eml`);
  /** What the product itself can still open of the person. */
  const held = async () => {
    const subject = product.app.get(DataSubjects, { strict: false }).of(TEST_TENANT_ID, ref);
    const records: HeldRecord[] = [];
    for (const store of product.app.get(PersonalStores, { strict: false }).all()) {
      const page = await product.app
        .get(DatabaseService)
        .withTenant(TEST_TENANT_ID, (trx) => store.held(trx, subject, undefined));
      records.push(...page.records);
    }
    return records;
  };
  const sealedSchedule = async () => {
    const [row] = await product.database.query<{ input_sealed: Buffer }>(
      'select input_sealed from schedule where id = $1',
      [scheduleId],
    );
    return { id: scheduleId, tenantId: TEST_TENANT_ID, sealedInput: row?.input_sealed ?? null };
  };
  const countOf = async (table: string, subject = ref) => {
    const [row] = await product.database.query<{ count: number }>(
      `select count(*)::int as count from ${table} where subject_ref = $1`,
      [subject],
    );
    return row?.count;
  };

  describe('comes after they could ask what is held', () => {
    const exported = () => before['exported'] as TestAnswer;
    const kindsIn = ({ body }: TestAnswer, store: string) =>
      (body.records[store] as HeldRecord[]).map(({ kind }) => kind);

    it('which is all of it, and of nobody else', () => {
      const { status, body, text } = exported();
      expect(status, text).toBe(200);
      expect(Object.keys(body.records as object)).toEqual([
        'answers',
        'auditValues',
        'batchRows',
        'consents',
        'deliveries',
        'runs',
        'schedules',
        'sessions',
        'values',
      ]);
      expect(kindsIn(exported(), 'consents')).toEqual(['consent']);
      expect(kindsIn(exported(), 'deliveries')).toEqual(['delivery']);
      expect(kindsIn(exported(), 'schedules')).toEqual(['schedule']);
      expect(kindsIn(exported(), 'sessions')).toEqual(['sessionMetadata']);
      expect(new Set(kindsIn(exported(), 'runs'))).toEqual(new Set(['run', 'message', 'review']));
      expect(kindsIn(exported(), 'values')).toHaveLength(before['values'] as number);
      expect(text).toContain(WILHELMINA.name);
      expect(new CanarySearch(canariesOf(BARTHOLOMEW)).findIn(text)).toEqual([]);
    });

    it('and is on record, by whom it was handed out and what', async () => {
      const { headers, body } = exported();
      expect(headers.get('cache-control')).toBe('no-store');
      const events = (await product.client.get('/v1/audit/events?type=subject.exported')).body.items;
      expect(events).toContainEqual(
        expect.objectContaining({
          targets: [
            { type: 'subject', ref },
            { type: 'export', ref: body.exportId },
          ],
          detail: { digest: canonicalHash(body as JsonValue), records: expect.any(Number) },
          sealed: [expect.objectContaining({ f: '/subject', s: ref })],
        }),
      );
      expect(JSON.stringify(events)).not.toContain(WILHELMINA.email);
    });

    it('and that values were shown, with the reason in words', () => {
      const shown = before['revealed'] as TestAnswer;
      expect(shown.status, shown.text).toBe(200);
      expect(shown.body.values).toEqual([
        { token: '\u27e6EMAIL_1\u27e7', entity: 'EMAIL', subjectRef: ref, value: WILHELMINA.email },
      ]);
      const { auditValues } = (before['again'] as TestAnswer).body.records as Record<string, HeldRecord[]>;
      expect(auditValues).toEqual([
        expect.objectContaining({
          type: 'subject.exported',
          values: [{ path: '/subject', value: WILHELMINA.email }],
        }),
        expect.objectContaining({
          id: shown.body.eventId,
          type: 'pii.revealed',
          values: [{ path: '/reason', value: REASON }],
        }),
      ]);
    });

    it('which is refused to whoever may not know it', async () => {
      const { key } = await product.makeKey('operator', 'reviewer');
      const path = `/v1/subjects/${BARTHOLOMEW.email}/export`;
      expectProblem(await product.client.get(path, { key }), 403, 'FORBIDDEN', `${PLACE}/export`);
      expectProblem(await product.client.get(path, { key: '' }), 401, 'UNAUTHENTICATED', `${PLACE}/export`);
      expectProblem(await product.client.get('/v1/subjects/nobody/export'), 400, 'VALIDATION_FAILED');
      const tokens = ['\u27e6EMAIL_2\u27e7'];
      expectProblem(await reveal({ runId: delivered, tokens }, key), 403, 'FORBIDDEN');
      expectProblem(await reveal({ runId: delivered, tokens }, ''), 401, 'UNAUTHENTICATED');
      expectProblem(
        await reveal({ runId: delivered, tokens, purpose: 'curiosity' }),
        400,
        'VALIDATION_FAILED',
      );
      expectProblem(await reveal({ runId: delivered, tokens: [] }), 400, 'VALIDATION_FAILED');
    });

    it('and does not happen where it cannot be recorded', async () => {
      const { breakIt, mendIt } = BREAKAGES['a trigger raises'] as Breakage;
      await breakIt(product.database);
      const answers = [
        await product.client.get(`/v1/subjects/${BARTHOLOMEW.email}/export`),
        await reveal({ runId: delivered, tokens: ['\u27e6EMAIL_2\u27e7'] }),
      ];
      await mendIt(product.database);
      for (const answer of answers) {
        expect([answer.status, answer.body.code]).toEqual([503, 'AUDIT_UNAVAILABLE']);
        expect(answer.text).not.toContain(BARTHOLOMEW.email);
      }
    });

    it('shows nothing of theirs afterwards, and records that it was asked for', async () => {
      const { body, text } = await product.client.get(`/v1/subjects/${WILHELMINA.email}/export`);
      expect(kindsIn({ body } as TestAnswer, 'values')).toEqual([]);
      expect(text).not.toContain(WILHELMINA.name);
      const tokens = ['\u27e6EMAIL_1\u27e7'];
      const asked = await reveal({ runId: delivered, tokens });
      expectProblem(asked, 404, 'TOKEN_NOT_FOUND');
      const { items } = (await product.client.get('/v1/audit/events?type=pii.revealed&limit=1')).body;
      expect(items).toMatchObject([{ outcome: 'failure', code: 'TOKEN_NOT_FOUND', detail: { revealed: 0 } }]);
    });
  });

  it('gives a receipt that proves itself', async () => {
    const verifier = new OfflineVerifier();
    const { vkeys } = (await product.client.get('/v1/audit/log')).body as { vkeys: string[] };
    expect(verifier.verify(JSON.stringify(receipt.proof), '--key', vkeys[0] as string)).toMatchObject({
      code: 0,
    });
    expect(receipt.proof.eventId).toBe(receipt.eventId);
    verifier.close();
  });

  it('tells in its receipt what was removed from where, and which event says so', async () => {
    expect(receipt).toMatchObject({
      status: 'completed',
      subjectRef: ref,
      deferredBy: null,
      backupsUnreadableFrom: null,
      counts: {
        consents: 1,
        values: before['values'],
        deliveries: 1,
        files: 1,
        schedules: 1,
        sessions: 1,
        answers: 1,
      },
    });
    const { body } = await product.client.get('/v1/audit/events?type=subject.erased');
    expect(body.items).toMatchObject([
      {
        id: receipt.eventId,
        targets: [
          { type: 'subject', ref },
          { type: 'erasure', ref: receipt.id },
        ],
      },
    ]);
  });

  it('had stopped what ran for the person, before anything was removed', async () => {
    const { body } = await product.client.get(`/v1/workflows/${waiting}`);
    expect(body.status).toBe('WAITING_FOR_APPROVAL');
    const events = (await product.client.get(`/v1/audit/events?workflowId=${waiting}&limit=200`)).body.items;
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'workflow.recipient_left_out', code: 'SUBJECT_ERASED' }),
    );
    await product.client.post(`/v1/workflows/${waiting}/approvals`, { decision: 'approve' });
    expect((await untilEnded(product.client, waiting)).status).toBe('COMPLETED');
    const { body: deliveries } = await product.client.get(`/v1/workflows/${waiting}/deliveries`);
    expect(deliveries.items).toMatchObject([
      { index: 0, status: 'failed', attempts: 0 },
      { index: 1, status: 'sent' },
    ]);
  });

  it('leaves nothing of theirs in any table, file or answer, in clear or sealed', async () => {
    expect(before['message']).toContain(WILHELMINA.name);
    await expect(access(messageOf(0))).rejects.toThrow('ENOENT');
    expect(await readFile(messageOf(1), 'utf8')).toContain(BARTHOLOMEW.name);
    for (const table of ['vault_token', 'audit_sealed', 'delivery'])
      expect(await countOf(table), table).toBe(0);
    const keys = await product.database.query(
      'select wrapped_key, destroyed_at is not null as destroyed from subject_key where subject_ref = $1',
      [ref],
    );
    expect(keys).toEqual([{ wrapped_key: null, destroyed: true }]);

    const subject = new CanarySearch(encoded(canariesOf(WILHELMINA)));
    const places = {
      ...(await databaseDump(product.database)),
      files: await dataFiles(product.dataDir),
      session: (await product.client.get(`/v1/sessions/${sessionId}`)).text,
    };
    const found = Object.entries(places).flatMap(([place, text]) =>
      subject.findIn(text).map((finding) => `${place}: ${finding}`),
    );
    expect(found).toEqual([]);
    expect(places.session).toContain('"desk":7');
    expect((await held()).map(({ kind }) => kind)).toEqual(['consent']);
    const input = product.app.get(ScheduleSeal, { strict: false }).open(await sealedSchedule());
    expect(input['recipients']).toEqual([BARTHOLOMEW]);
  });

  it('leaves every record of the trail as it was', async () => {
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
  });

  it('shows the person’s reference where their address was', async () => {
    const { body } = await product.client.get(`/v1/subjects/${WILHELMINA.email}/consents`);
    expect(body.items).toMatchObject([{ subject: ref, purpose: 'email-campaign', granted: true }]);
  });

  it('does not keep them from coming back, with a new key that opens nothing old', async () => {
    const again = await run([WILHELMINA]);
    const [key] = await product.database.query<{ wrapped: boolean }>(
      'select wrapped_key is not null as wrapped from subject_key where subject_ref = $1',
      [ref],
    );
    expect(key).toEqual({ wrapped: true });
    await product.client.post(`/v1/workflows/${again}/approvals`, { decision: 'approve' });
    expect((await untilEnded(product.client, again)).status).toBe('COMPLETED');
    const [first] = (await product.client.get(`/v1/workflows/${delivered}/artifacts`)).body.items;
    expect(JSON.stringify(first)).toContain('⟦EMAIL_1⟧');
    expect((await held()).filter(({ runId }) => runId === delivered)).toEqual([]);
    expect((await completed((await erase(ref)).body.id as string)).counts).toMatchObject({ files: 1 });
  });

  it('is not needed for a restriction, under which values are shown for a legal claim only', async () => {
    const path = `/v1/subjects/${BARTHOLOMEW.email}/restriction`;
    await product.client.request('PUT', path);
    const asked = { runId: delivered, tokens: ['\u27e6EMAIL_2\u27e7'] };
    expectProblem(await reveal(asked), 404, 'TOKEN_NOT_FOUND');
    expect((await reveal({ ...asked, purpose: 'legal-claim' })).body.values).toMatchObject([
      { value: BARTHOLOMEW.email },
    ]);
    await product.client.request('DELETE', path);
  });

  it('asked for again while it is under way is the same one', async () => {
    const email = 'asked.twice@example.com';
    await product.client.request('PUT', `/v1/subjects/${email}/restriction`, { body: {} });
    const first = await erase(email);
    const second = await erase(email);
    expect(second.body.id).toBe(first.body.id);
    expect(first.body).toMatchObject({ status: 'deferred', deferredBy: 'restriction' });
    await product.client.request('DELETE', `/v1/subjects/${email}/restriction`);
    await completed(first.body.id as string);
  });

  it('waits for the end of a legal hold, which takes two people', async () => {
    const email = 'held.by.law@example.com';
    const { key: other } = await product.makeKey('compliance_officer');
    const held = await product.client.request('PUT', `/v1/subjects/${email}/legal-hold`, {
      body: { reference: 'case 2026/117' },
    });
    expect(held.status, held.text).toBe(200);
    const asked = await erase(email);
    expect(asked.body).toMatchObject({ status: 'deferred', deferredBy: 'hold' });
    const lift = (key?: string) =>
      product.client.request('DELETE', `/v1/subjects/${email}/legal-hold`, { key });
    expect((await lift()).body).toMatchObject({ status: 'lift_requested' });
    expectProblem(await lift(), 403, 'HOLD_NEEDS_SECOND_PERSON', `${PLACE}/legal-hold`);
    expect((await product.client.get(`/v1/subjects/erasures/${asked.body.id}`)).body.status).toBe('deferred');
    expect((await lift(other)).body).toMatchObject({ status: 'lifted' });
    await completed(asked.body.id as string);
    expectProblem(await lift(other), 404, 'HOLD_NOT_FOUND', `${PLACE}/legal-hold`);
  });

  it('goes on where a process died, and counts nothing twice', async () => {
    const email = 'died.between@example.com';
    const person = { name: 'Theobald Wirsing', email };
    const consents = [{ subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }];
    const session = (await product.client.post('/v1/sessions', { consents })).body.id as string;
    const id = await run([person, BARTHOLOMEW], session);
    const own = product.app.get(TokenVault, { strict: false }).subjectRefOf(TEST_TENANT_ID, email);
    const values = await countOf('vault_token', own);
    const store = product.app
      .get(PersonalStores, { strict: false })
      .all()
      .find(({ name }) => name === 'values');
    if (!store) throw new Error('no store of values');
    const real = store.erase.bind(store);
    let deaths = 0;
    store.erase = async (...args) => {
      const part = await real(...args);
      // The step is done but not committed: what a dying process leaves.
      if (deaths++ < 2) throw new Error('died');
      return part;
    };
    const done = await completed((await erase(email)).body.id as string);
    store.erase = real;
    expect(deaths).toBeGreaterThan(2);
    expect(done.counts).toMatchObject({ values });
    expect(await countOf('vault_token', own)).toBe(0);
    expect((await product.client.get(`/v1/workflows/${id}`)).body.status).toBe('WAITING_FOR_APPROVAL');
  });

  it('is done again before anything is let in, when a restore has brought a key back', async () => {
    const email = 'restored.from.backup@example.com';
    const own = product.app.get(TokenVault, { strict: false }).subjectRefOf(TEST_TENANT_ID, email);
    const consents = [{ subject: email, purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }];
    await product.client.post('/v1/sessions', { consents });
    const [backup] = await product.database.query<{ wrapped_key: Buffer; created_at: Date }>(
      'select wrapped_key, created_at from subject_key where subject_ref = $1',
      [own],
    );
    await completed((await erase(email)).body.id as string);
    await product.database.force(
      'update subject_key set wrapped_key = $1, created_at = $2, destroyed_at = null where subject_ref = $3',
      [backup?.wrapped_key, backup?.created_at, own],
    );
    const restarted = await startInstance(product);
    try {
      const [key] = await product.database.query(
        'select wrapped_key from subject_key where subject_ref = $1',
        [own],
      );
      expect(key).toEqual({ wrapped_key: null });
      const { body } = await product.client.get('/v1/audit/events?type=subject.erasure_replayed');
      expect(body.items).toMatchObject([{ targets: [{ type: 'subject', ref: own }] }]);
    } finally {
      await restarted.close();
    }
  });

  it('removes and counts a thousand values', async () => {
    const email = 'thousand.values@example.com';
    const own = product.app.get(TokenVault, { strict: false }).subjectRefOf(TEST_TENANT_ID, email);
    await product.database.force(
      `insert into vault_token (tenant_id, run_id, token, entity, subject_ref, shared, sealed)
       select $1, $2, 'T' || n, 'PHONE', $3, false, decode(repeat('00', 60), 'hex') from generate_series(1, 1000) n`,
      [TEST_TENANT_ID, delivered, own],
    );
    const asked = await erase(email);
    const done = await completed(asked.body.id as string);
    expect(done.counts.values).toBe(1000);
  });

  it('is for compliance officers, and of people of their own tenant', async () => {
    const operator = await product.makeKey('operator');
    expectProblem(await erase(WILHELMINA.email, operator.key), 403, 'FORBIDDEN', PLACE);
    expectProblem(await erase(WILHELMINA.email, ''), 401, 'UNAUTHENTICATED', PLACE);
    expectProblem(await erase('nobody'), 400, 'VALIDATION_FAILED');
    expectProblem(await product.client.get('/v1/subjects/erasures/nothing'), 404, 'ERASURE_NOT_FOUND');
    const stranger = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      stranger.id,
    ]);
    const place = `/v1/subjects/erasures/${receipt.id}`;
    expectProblem(await product.client.get(place, { key: stranger.key }), 404, 'ERASURE_NOT_FOUND');
  });
});

/** Values as they stand and in the forms in which bytes are written as text. */
function encoded(canaries: ReturnType<typeof canariesOf>): ReturnType<typeof canariesOf> {
  const longEnough = canaries.filter(({ value }) => value.length >= 8);
  return [
    ...canaries,
    ...longEnough.map(({ label, value }) => ({
      label: `${label}, hexadecimal`,
      value: Buffer.from(value, 'utf8').toString('hex'),
    })),
    ...longEnough.map(({ label, value }) => ({
      label: `${label}, base64`,
      value: Buffer.from(value, 'utf8').toString('base64').replace(/=*$/, '').slice(0, -1),
    })),
  ];
}
