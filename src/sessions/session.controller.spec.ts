import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../../test/harness/database.js';
import { ADMIN_KEY, createTrustApp, type TestAnswer, type TrustApp } from '../../test/harness/trust-app.js';
import { newId } from '../kernel/ids.js';
import { SessionsModule } from './sessions.module.js';

const HOUR_MS = 3_600_000;
const CONSENT = { subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true };

let trust: TrustApp;
let operator: { id: string; key: string };
beforeAll(async () => {
  trust = await createTrustApp({ imports: [SessionsModule] });
});
afterAll(() => trust.close());
beforeEach(async () => {
  operator = await trust.makeKey('operator');
});

const post = (body: unknown = {}, headers = {}, key = operator.key) =>
  trust.request('POST', '/v1/sessions', { key, body, headers });
const get = (id: string, key = operator.key) => trust.request('GET', `/v1/sessions/${id}`, { key });
const remove = (id: string, key = operator.key) => trust.request('DELETE', `/v1/sessions/${id}`, { key });
const put = (id: string, body: unknown, key = operator.key) =>
  trust.request('PUT', `/v1/sessions/${id}/consents`, { key, body });
const open = async (body: unknown = {}) => String((await post(body)).body['id']);
const problemOf = (answer: TestAnswer) => [
  answer.status,
  String(answer.headers['content-type']).startsWith('application/problem+json') && answer.body.code,
];
const withoutIds = (answer: TestAnswer) => ({ ...answer.body, instance: '', requestId: '' });
const pathsOf = (answer: TestAnswer) =>
  (answer.body['errors'] as { path: string }[]).map((error) => error.path);

describe('POST /v1/sessions', () => {
  it('opens a session that belongs to the caller', async () => {
    const now = trust.clock.now();
    const at = (hours: number) => new Date(now.getTime() + hours * HOUR_MS).toISOString();
    const answer = await post({ consents: [CONSENT] });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: answer.body['id'],
      ownerId: operator.id,
      tenantId: TEST_TENANT_ID,
      createdAt: at(0),
      lastSeenAt: at(0),
      idleExpiresAt: at(24),
      expiresAt: at(168),
      consents: [{ ...CONSENT, recordedAt: at(0) }],
    });
    expect((await get(String(answer.body['id']))).body).toEqual(answer.body);
  });

  it('records that it was opened, and on which basis, without naming anybody', async () => {
    const subject = 'ada.example@example.org';
    const id = await open({ consents: [{ ...CONSENT, subject }], metadata: { note: subject } });
    for (const type of ['session.created', 'consent.recorded']) {
      const leaves = (await trust.auditOf(type)).filter((leaf) => leaf['session'] === id);
      expect(leaves).toMatchObject([{ actor: { type: 'apiKey', ref: operator.id }, outcome: 'success' }]);
      // Not the bare name: three letters turn up in random ids.
      expect(JSON.stringify(leaves)).not.toMatch(/ada\.|example\.org/i);
    }
  });

  it('keeps metadata and subjects sealed', async () => {
    const subject = 'grace.example@example.org';
    const metadata = { screen: { name: 'Grace', tags: ['a', 1, null, true] } };
    const id = await open({ consents: [{ ...CONSENT, subject }], metadata });
    expect((await get(id)).body['metadata']).toEqual(metadata);
    const [stored] = await trust.database.query<{ sealed: Buffer; rows: string }>(
      `select s.metadata_sealed || c.subject_sealed as sealed, row_to_json(s)::text || row_to_json(c)::text as rows
       from session s join consent c on c.session_id = s.id where s.id = $1`,
      [id],
    );
    expect(stored?.sealed.toString('latin1')).not.toMatch(/grace/i);
    expect(stored?.rows).not.toMatch(/grace/i);
    expect(stored?.rows).not.toContain(Buffer.from('grace').toString('hex'));
  });

  it('opens one session for a repeated request', async () => {
    const headers = { 'idempotency-key': newId() };
    const first = await post({ consents: [CONSENT] }, headers);
    const again = await post({ consents: [CONSENT] }, headers);
    expect(again.status).toBe(201);
    expect(again.headers['idempotent-replay']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(problemOf(await post({}, headers))).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const rows = await trust.database.query('select 1 from session where owner_id = $1', [operator.id]);
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['an unknown field', { ownerId: 'somebody' }, 'ownerId'],
    ['consents that are no list', { consents: CONSENT }, 'consents'],
    ['a consent that is no object', { consents: ['*'] }, 'consents.0'],
    ['an unknown field of a consent', { consents: [{ ...CONSENT, forever: true }] }, 'consents.0.forever'],
    [
      'a subject that is no address',
      { consents: [{ ...CONSENT, subject: 'everybody' }] },
      'consents.0.subject',
    ],
    ['a purpose in another form', { consents: [{ ...CONSENT, purpose: 'E-Mail!' }] }, 'consents.0.purpose'],
    [
      'a basis the law does not know',
      { consents: [{ ...CONSENT, lawfulBasis: 'habit' }] },
      'consents.0.lawfulBasis',
    ],
    ['a grant that is not yes or no', { consents: [{ ...CONSENT, granted: 'yes' }] }, 'consents.0.granted'],
    ['two words on one subject', { consents: [CONSENT, { ...CONSENT, granted: false }] }, 'consents.1'],
    ['metadata that is no object', { metadata: 'text' }, 'metadata'],
    ['metadata that is a list', { metadata: [] }, 'metadata'],
    ['metadata that is too large', { metadata: { text: 'ä'.repeat(8_192) } }, 'metadata'],
  ])('refuses %s and creates nothing', async (_, body, path) => {
    const answer = await post(body);
    expect(problemOf(answer)).toEqual([400, 'VALIDATION_FAILED']);
    expect(pathsOf(answer)).toContain(path);
    const rows = await trust.database.query('select 1 from session where owner_id = $1', [operator.id]);
    expect(rows).toEqual([]);
  });

  it('tells two spellings of one address for the same subject', async () => {
    const consents = [
      { ...CONSENT, subject: 'Ada@example.org' },
      { ...CONSENT, subject: 'ada@EXAMPLE.org' },
    ];
    expect(pathsOf(await post({ consents }))).toEqual(['consents.1']);
  });

  it('takes 10,000 consents and not one more', async () => {
    const consents = Array.from({ length: 10_001 }, (_, index) => ({
      ...CONSENT,
      subject: `r${index}@example.org`,
    }));
    const tooMany = await post({ consents });
    expect(problemOf(tooMany)).toEqual([400, 'VALIDATION_FAILED']);
    const answer = await post({ consents: consents.slice(1) });
    expect(answer.status).toBe(201);
    expect((answer.body['consents'] as { subject: string }[]).map((consent) => consent.subject)).toEqual(
      consents.slice(1).map((consent) => consent.subject),
    );
  });

  it('is closed to strangers and to roles that do not operate', async () => {
    expect(problemOf(await trust.request('POST', '/v1/sessions', { body: {} }))).toEqual([
      401,
      'UNAUTHENTICATED',
    ]);
    const reviewer = await trust.makeKey('reviewer');
    expect(problemOf(await post({}, {}, reviewer.key))).toEqual([403, 'FORBIDDEN']);
    expect(problemOf(await get(newId(), reviewer.key))).toEqual([403, 'FORBIDDEN']);
    expect(problemOf(await remove(newId(), reviewer.key))).toEqual([403, 'FORBIDDEN']);
    expect(problemOf(await put(newId(), { consents: [CONSENT] }, reviewer.key))).toEqual([403, 'FORBIDDEN']);
  });
});

describe('a session', () => {
  it('of somebody else is answered exactly like one that does not exist, to the administrator too', async () => {
    const id = await open();
    const foreignAdmin = await trust.makeForeignAdminKey(OTHER_TENANT_ID);
    const colleague = await trust.makeKey('operator');
    for (const key of [ADMIN_KEY, foreignAdmin, colleague.key]) {
      for (const ask of [
        (target: string) => get(target, key),
        (target: string) => remove(target, key),
        (target: string) => put(target, { consents: [CONSENT] }, key),
      ]) {
        const foreign = await ask(id);
        expect(problemOf(foreign)).toEqual([404, 'SESSION_NOT_FOUND']);
        expect(withoutIds(foreign)).toEqual(withoutIds(await ask(newId())));
        expect(withoutIds(foreign)).toEqual(withoutIds(await ask('nonsense')));
      }
    }
    expect((await get(id)).status).toBe(200);
  });

  it('lives on by being used and ends when it is not', async () => {
    const id = await open();
    trust.clock.advance(23 * HOUR_MS);
    const used = await get(id);
    expect(used.body['idleExpiresAt']).toBe(
      new Date(trust.clock.now().getTime() + 24 * HOUR_MS).toISOString(),
    );
    expect((await get(id)).body).toEqual(used.body);
    trust.clock.advance(24 * HOUR_MS - 1);
    expect((await get(id)).status).toBe(200);
    trust.clock.advance(24 * HOUR_MS);
    expect(problemOf(await get(id))).toEqual([403, 'SESSION_EXPIRED']);
    expect(problemOf(await put(id, { consents: [CONSENT] }))).toEqual([403, 'SESSION_EXPIRED']);
  });

  it('ends at its maximum age however much it is used', async () => {
    const id = await open();
    for (let use = 0; use < 8; use++) {
      expect((await get(id)).status).toBe(200);
      trust.clock.advance(20 * HOUR_MS);
    }
    const last = await get(id);
    expect(last.body['idleExpiresAt']).toBe(last.body['expiresAt']);
    trust.clock.advance(8 * HOUR_MS);
    expect(problemOf(await get(id))).toEqual([403, 'SESSION_EXPIRED']);
  });

  it('is over once it is revoked, which can be said again', async () => {
    const id = await open();
    expect((await remove(id)).status).toBe(204);
    expect(problemOf(await get(id))).toEqual([403, 'SESSION_EXPIRED']);
    expect(problemOf(await put(id, { consents: [CONSENT] }))).toEqual([403, 'SESSION_EXPIRED']);
    expect((await remove(id)).status).toBe(204);
    const leaves = (await trust.auditOf('session.revoked')).filter((leaf) => leaf['session'] === id);
    expect(leaves).toHaveLength(1);
  });

  it('is revoked although somebody uses it at the same moment', async () => {
    const id = await open();
    trust.clock.advance(HOUR_MS);
    await Promise.all([get(id), remove(id), get(id), get(id), remove(id), get(id)]);
    expect(problemOf(await get(id))).toEqual([403, 'SESSION_EXPIRED']);
  });
});

describe('PUT /v1/sessions/:id/consents', () => {
  const ada = { ...CONSENT, subject: 'ada@example.org' };

  it('adds to what was said, and the newest word counts', async () => {
    const id = await open({ consents: [CONSENT, ada] });
    const answer = await put(id, { consents: [{ ...ada, granted: false }] });
    expect(answer.status).toBe(200);
    expect(answer.body['consents']).toMatchObject([CONSENT, { ...ada, granted: false }]);
    expect((await get(id)).body['consents']).toEqual(answer.body['consents']);
  });

  it('keeps every word ever said', async () => {
    const id = await open({ consents: [ada] });
    await put(id, { consents: [{ ...ada, granted: false }] });
    await put(id, { consents: [{ ...ada, lawfulBasis: 'contract' }] });
    const rows = await trust.database.query<{ granted: boolean; recorded_by: string }>(
      'select granted, recorded_by from consent where session_id = $1 order by id',
      [id],
    );
    expect(rows.map((row) => row.granted)).toEqual([true, false, true]);
    expect(new Set(rows.map((row) => row.recorded_by))).toEqual(new Set([operator.id]));
  });

  it('keeps purposes apart', async () => {
    const id = await open({ consents: [ada] });
    const answer = await put(id, { consents: [{ ...ada, purpose: 'survey', granted: false }] });
    expect(answer.body['consents']).toMatchObject([{ ...ada }, { purpose: 'survey', granted: false }]);
  });

  it.each([
    ['nothing', {}],
    ['an empty list', { consents: [] }],
    ['a malformed consent', { consents: [{ subject: '*' }] }],
  ])('refuses %s', async (_, body) => {
    const id = await open();
    expect(problemOf(await put(id, body))).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('is closed to strangers', async () => {
    const answer = await trust.request('PUT', `/v1/sessions/${newId()}/consents`, {
      body: { consents: [CONSENT] },
    });
    expect(problemOf(answer)).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('a strange document as metadata', () => {
  it.each([
    ['a member called constructor', '{"metadata":{"a":{"constructor":"x"}}}'],
    ['members called like methods', '{"metadata":{"toString":"x","hasOwnProperty":1,"then":2}}'],
    ['deep nesting', `{"metadata":{"a":${'['.repeat(500)}${']'.repeat(500)}}}`],
    ['half a surrogate pair', '{"metadata":{"a":"\\ud800"}}'],
  ])('with %s is kept or refused, but is no fault', async (_, body) => {
    const answer = await trust.request('POST', '/v1/sessions', {
      key: operator.key,
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([201, 400]).toContain(answer.status);
  });
});
