import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import {
  BRIEF,
  campaignInReview,
  openSession,
  recipients,
  SENDER,
  startCampaign,
  untilEnded,
} from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import type { Method, TestAnswer, TestRequest } from '../harness/http-client.js';
import { startInstance } from '../harness/instance.js';
import { auditTypes, expectProblem, rowCounts } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

const BODY_LIMIT_BYTES = 2_097_152;

/** The product without a worker: nothing moves by itself, so whatever changes was changed by the request. */
let product: Product;
let sessionId: string;
const runs = { queued: '', waiting: '', completed: '', cancelled: '' };
const keys = { operator: '', reviewer: '', other: '' };

beforeAll(async () => {
  product = await startProduct({
    COUNTERSIGN_ROLE: 'api',
    COUNTERSIGN__SERVER__BODY_LIMIT_BYTES: String(BODY_LIMIT_BYTES),
  });
  const { client } = product;
  const worker = await startInstance(product, { COUNTERSIGN_ROLE: 'worker' });
  runs.waiting = await campaignInReview(client);
  runs.completed = await campaignInReview(client);
  await client.post(`/v1/workflows/${runs.completed}/approvals`, { decision: 'approve' });
  await untilEnded(client, runs.completed);
  runs.cancelled = await campaignInReview(client);
  await client.post(`/v1/workflows/${runs.cancelled}/cancel`);
  await worker.close();
  runs.queued = (await startCampaign(client)).body.id as string;
  keys.operator = (await product.makeKey('operator')).key;
  keys.reviewer = (await product.makeKey('reviewer')).key;
  const other = await product.makeKey('admin');
  await product.database.force('update api_key set tenant_id = $1 where id = $2', [
    OTHER_TENANT_ID,
    other.id,
  ]);
  keys.other = other.key;
  sessionId = await openSession(client);
});
afterAll(() => product.close());

const input = (parts: object = {}) => ({ brief: BRIEF, sender: SENDER, recipients: recipients(3), ...parts });
const startBody = (parts: object = {}) => ({
  definition: 'email-campaign',
  sessionId,
  input: input(),
  ...parts,
});

/** Sends a request that must change nothing and leave exactly the audit events named. */
async function expectRefused(
  send: () => Promise<TestAnswer>,
  status: number,
  code: string,
  recorded: readonly string[] = [],
  instance?: unknown,
): Promise<TestAnswer> {
  const before = await rowCounts(product);
  const known = await auditTypes(product);
  const answer = await send();
  expectProblem(answer, status, code, instance);
  expect(await rowCounts(product)).toEqual(before);
  expect((await auditTypes(product)).slice(known.length)).toEqual(recorded);
  return answer;
}

const start = (body: object, options?: TestRequest) => product.client.post('/v1/workflows', body, options);
const startRaw = (rawBody: string, options?: TestRequest) =>
  product.client.request('POST', '/v1/workflows', { rawBody, ...options });
const paths = (answer: TestAnswer) => (answer.body.errors as { path: string }[]).map((error) => error.path);
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

const sessionWith = async (...consents: object[]) => {
  const { body } = await product.client.post('/v1/sessions', { consents });
  return body.id as string;
};
const granted = (parts: object = {}) => ({
  subject: '*',
  purpose: 'email-campaign',
  lawfulBasis: 'consent',
  granted: true,
  ...parts,
});
const decide = (run: string, body: unknown, options?: TestRequest) =>
  product.client.post(`/v1/workflows/${run}/approvals`, body, options);
const withoutPlace = ({ body: problem }: TestAnswer) => ({ ...problem, requestId: '', instance: '' });
const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const numbered = () => ['/history', '/deliveries'].map((part) => `/v1/workflows/${runs.completed}${part}`);

describe('a start that does not have the required form', () => {
  it.each([
    ['cut off', '{"definition": "email-campaign",', 400, 'MALFORMED_JSON'],
    ['empty', '', 400, 'MALFORMED_JSON'],
    ['not an object', '[]', 400, 'VALIDATION_FAILED'],
    [
      'reaching for __proto__',
      '{"definition": "email-campaign", "__proto__": {"polluted": true}}',
      400,
      'MALFORMED_JSON',
    ],
    [
      'reaching for a nested __proto__',
      '{"input": {"brief": {"__proto__": {"polluted": true}}}}',
      400,
      'MALFORMED_JSON',
    ],
    [
      'reaching for constructor.prototype',
      '{"input": {"constructor": {"prototype": {"polluted": true}}}}',
      400,
      'MALFORMED_JSON',
    ],
  ] as const)('is refused when its body is %s', async (_what, body, status, code) => {
    await expectRefused(() => startRaw(body), status, code);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it.each([1_500, 20_000, 100_000])('is refused when it is nested %i levels deep', async (levels) => {
    const body = `{"definition": "email-campaign", "sessionId": "${sessionId}", "input": ${nested(levels)}}`;
    await expectRefused(() => startRaw(body), 400, 'VALIDATION_FAILED');
    await expectRefused(
      () => startRaw(body, { headers: { 'idempotency-key': newId() } }),
      400,
      'VALIDATION_FAILED',
    );
  });

  it('is refused when it is larger than the server accepts', async () => {
    const body = JSON.stringify(
      startBody({ input: input({ brief: { ...BRIEF, goal: 'x'.repeat(BODY_LIMIT_BYTES) } }) }),
    );
    await expectRefused(() => startRaw(body), 413, 'BODY_TOO_LARGE');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'nonsense',
  ])('is refused as %s', async (type) => {
    const body = JSON.stringify(startBody());
    await expectRefused(
      () => startRaw(body, { headers: { 'content-type': type } }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });

  it('is refused without a body', async () => {
    await expectRefused(() => product.client.request('POST', '/v1/workflows'), 400, 'VALIDATION_FAILED');
  });

  it.each<[string, () => object, string]>([
    ['an unknown field', () => startBody({ surprise: 1 }), 'surprise'],
    ['a NUL in the name of the definition', () => startBody({ definition: 'email\0campaign' }), ''],
    ['no definition', () => startBody({ definition: undefined }), 'definition'],
    ['a definition that is no text', () => startBody({ definition: { $ne: null } }), 'definition'],
    ['a version below 1', () => startBody({ version: 0 }), 'version'],
    ['a session id that is none', () => startBody({ sessionId: 'me' }), 'sessionId'],
    ['an input that is no object', () => startBody({ input: [1] }), 'input'],
    ['attributes that are no texts', () => startBody({ attributes: { order: 1 } }), 'attributes'],
    ['an attribute key with a dot', () => startBody({ attributes: { 'a.b': 'c' } }), 'attributes'],
    ['a NUL in an attribute', () => startBody({ attributes: { order: 'a\0b' } }), ''],
    ['half a surrogate pair in an attribute', () => startBody({ attributes: { order: 'a\ud800b' } }), ''],
    [
      'personal data in an attribute',
      () => startBody({ attributes: { customer: 'jane.doe@example.com' } }),
      'attributes.customer',
    ],
    ['no brief', () => startBody({ input: input({ brief: undefined }) }), 'input.brief'],
    ['no recipients', () => startBody({ input: input({ recipients: [] }) }), 'input.recipients'],
    [
      '10,001 recipients',
      () => startBody({ input: input({ recipients: minimal(10_001) }) }),
      'input.recipients',
    ],
    [
      'an invalid address',
      () => startBody({ input: input({ recipients: [...recipients(1), { name: 'A', email: 'nobody' }] }) }),
      'input.recipients.1.email',
    ],
    [
      'a line break in an address',
      () =>
        startBody({
          input: input({ recipients: [{ name: 'A', email: 'a@example.com\r\nBcc: b@example.com' }] }),
        }),
      'input.recipients.0.email',
    ],
    [
      'a line break in a name',
      () =>
        startBody({
          input: input({ recipients: [{ name: 'A\r\nBcc: b@example.com', email: 'a@example.com' }] }),
        }),
      'input.recipients.0.name',
    ],
    [
      'one address twice',
      () =>
        startBody({ input: input({ recipients: [...minimal(2), { name: 'B', email: 'R0@EXAMPLE.com' }] }) }),
      'input.recipients.2.email',
    ],
    [
      'an unknown field of a recipient',
      () => startBody({ input: input({ recipients: [{ ...recipients(1)[0], ssn: '078-05-1120' }] }) }),
      'input.recipients.0.ssn',
    ],
    ['a NUL in the brief', () => startBody({ input: input({ brief: { ...BRIEF, goal: 'Win\0back' } }) }), ''],
    [
      'half a surrogate pair in the brief',
      () => startBody({ input: input({ brief: { ...BRIEF, goal: 'Win \ud800 back' } }) }),
      '',
    ],
    [
      'an unknown channel',
      () => startBody({ input: input({ delivery: { channel: 'pigeon' } }) }),
      'input.delivery.channel',
    ],
    [
      'a webhook without an address',
      () => startBody({ input: input({ delivery: { channel: 'webhook' } }) }),
      'input.delivery.url',
    ],
  ])('is refused with %s, at its place', async (_what, body, path) => {
    const answer = await expectRefused(() => start(body()), 400, 'VALIDATION_FAILED');
    expect(paths(answer)).toContain(path);
  });

  it('never repeats a value it refuses', async () => {
    const answer = await start(
      startBody({ input: input({ recipients: [{ name: 'Jane Roe', email: 'jane.roe(at)example.com' }] }) }),
    );
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(answer.text).not.toMatch(/jane/i);
  });

  it.each([
    ['an unknown definition', { definition: 'no-such-thing' }],
    ['an unknown version', { version: 999 }],
    ['a definition named like a prototype member', { definition: '__proto__' }],
  ])('is refused for %s', async (_what, parts) => {
    await expectRefused(() => start(startBody(parts)), 404, 'DEFINITION_NOT_FOUND');
  });

  it.each(['has spaces', 'x'.repeat(256), ''])(
    'is refused with the unusable idempotency key "%s"',
    async (key) => {
      await expectRefused(
        () => start(startBody(), { headers: { 'idempotency-key': key } }),
        400,
        'INVALID_IDEMPOTENCY_KEY',
      );
    },
  );
});

describe('consent', () => {
  it.each<[string, object[]]>([
    ['nobody has given any', []],
    ['it was given for another purpose', [granted({ purpose: 'newsletter' })]],
    [
      'it covers only some of the recipients',
      [granted({ subject: 'recipient.0@example.com' }), granted({ subject: 'recipient.1@example.com' })],
    ],
    [
      'one recipient has withdrawn',
      [granted(), granted({ subject: 'recipient.1@example.com', granted: false })],
    ],
  ])('is missing when %s: the start is denied by name, and once recorded', async (_what, consents) => {
    const own = await sessionWith(...consents);
    const answer = await expectRefused(() => start(startBody({ sessionId: own })), 409, 'TRANSITION_DENIED', [
      'workflow.start_denied',
    ]);
    expect(answer.body.violations).toEqual([
      { rule: 'gdpr.consent', tier: 'compliance', message: expect.stringContaining('"email-campaign"') },
    ]);
    expect(answer.text).not.toContain('recipient.1@');
  });

  it('counts again when it is given after all', async () => {
    const own = await sessionWith(granted({ granted: false }));
    await expectRefused(() => start(startBody({ sessionId: own })), 409, 'TRANSITION_DENIED', [
      'workflow.start_denied',
    ]);
    const renewed = await product.client.request('PUT', `/v1/sessions/${own}/consents`, {
      body: { consents: [granted()] },
    });
    expect(renewed.status).toBe(200);
    expect((await start(startBody({ sessionId: own }))).status).toBe(202);
  });
});

describe('a session', () => {
  it('of somebody else is answered exactly like one that does not exist', async () => {
    const foreign = await openSession(product.client, keys.operator);
    const [one, other] = [
      await expectRefused(() => start(startBody({ sessionId: foreign })), 404, 'SESSION_NOT_FOUND'),
      await expectRefused(() => start(startBody({ sessionId: newId() })), 404, 'SESSION_NOT_FOUND'),
    ];
    expect({ ...one.body, requestId: '' }).toEqual({ ...other.body, requestId: '' });
    const unknown = await expectRefused(
      () => start(startBody({ sessionId: foreign, definition: 'no-such-thing' })),
      404,
      'SESSION_NOT_FOUND',
    );
    expect({ ...unknown.body, requestId: '' }).toEqual({ ...other.body, requestId: '' });
  });

  it('that was revoked starts nothing', async () => {
    const own = await openSession(product.client);
    await product.client.request('DELETE', `/v1/sessions/${own}`);
    await expectRefused(() => start(startBody({ sessionId: own })), 403, 'SESSION_EXPIRED');
  });

  it.each(['idle_expires_at', 'expires_at'])('past its %s starts nothing', async (column) => {
    const own = await openSession(product.client);
    await product.database.force(`update session set ${column} = now() - interval '1 second' where id = $1`, [
      own,
    ]);
    await expectRefused(() => start(startBody({ sessionId: own })), 403, 'SESSION_EXPIRED');
  });
});

describe('an idempotency key', () => {
  it('used with another body is refused', async () => {
    const headers = { 'idempotency-key': newId() };
    expect((await start(startBody(), { headers })).status).toBe(202);
    await expectRefused(
      () => start(startBody({ attributes: { order: '2' } }), { headers }),
      422,
      'IDEMPOTENCY_KEY_REUSED',
    );
  });

  it('of a request that was refused can be used again', async () => {
    const headers = { 'idempotency-key': newId() };
    await expectRefused(() => start(startBody({ surprise: 1 }), { headers }), 400, 'VALIDATION_FAILED');
    expect((await start(startBody(), { headers })).status).toBe(202);
  });
});

describe('a decision', () => {
  it('on a run that waits for nobody is refused and recorded', async () => {
    await expectRefused(() => decide(runs.queued, { decision: 'approve' }), 409, 'RUN_NOT_WAITING', [
      'approval.denied',
    ]);
    await expectRefused(() => decide(runs.cancelled, { decision: 'approve' }), 409, 'RUN_NOT_WAITING', [
      'approval.denied',
    ]);
  });

  it('made a second time is refused and recorded', async () => {
    await expectRefused(
      () => decide(runs.completed, { decision: 'approve' }),
      409,
      'APPROVAL_ALREADY_DECIDED',
      ['approval.denied'],
    );
    await expectRefused(
      () => decide(runs.completed, { decision: 'reject' }),
      409,
      'APPROVAL_ALREADY_DECIDED',
      ['approval.denied'],
    );
  });

  it.each<[string, unknown, string]>([
    ['no decision', {}, 'decision'],
    ['an unknown decision', { decision: 'maybe' }, 'decision'],
    ['an unknown field', { decision: 'approve', force: true }, 'force'],
    ['a request for changes that names none', { decision: 'request_changes', comment: '  ' }, 'comment'],
    ['a comment that is too long', { decision: 'reject', comment: 'x'.repeat(5_001) }, 'comment'],
    ['a NUL in the comment', { decision: 'reject', comment: 'no\0' }, ''],
    ['half a surrogate pair in the comment', { decision: 'reject', comment: 'no \udc00' }, ''],
    [
      'edits of what is rejected',
      { decision: 'reject', edits: { emails: [{ index: 0, subject: 'New' }] } },
      'edits',
    ],
    [
      'an edit of a message that is not there',
      { decision: 'approve', edits: { emails: [{ index: 3, subject: 'New' }] } },
      'edits.emails.0.index',
    ],
    [
      'an edit below the first message',
      { decision: 'approve', edits: { emails: [{ index: -1, subject: 'New' }] } },
      'edits.emails.0.index',
    ],
    [
      'a subject of two lines',
      { decision: 'approve', edits: { emails: [{ index: 0, subject: 'a\r\nBcc: b@example.com' }] } },
      'edits.emails.0.subject',
    ],
    ['a NUL in an edited body', { decision: 'approve', edits: { emails: [{ index: 0, body: 'a\0b' }] } }, ''],
    [
      'a token that was never given out',
      { decision: 'approve', edits: { emails: [{ index: 0, body: 'Hello ⟦EMAIL_999⟧' }] } },
      'edits.emails.0',
    ],
  ])('with %s is refused at its place', async (_what, body, path) => {
    const answer = await expectRefused(() => decide(runs.waiting, body), 400, 'VALIDATION_FAILED');
    expect(paths(answer)).toContain(path);
  });
});

describe('a run that is not there', () => {
  const asked: [Method, string, unknown?][] = [
    ['GET', ''],
    ['GET', '/history'],
    ['GET', '/events'],
    ['GET', '/artifacts'],
    ['GET', '/approvals'],
    ['GET', '/deliveries'],
    ['POST', '/approvals', { decision: 'approve' }],
    ['POST', '/cancel'],
  ];

  it.each(asked)(
    'is not found by %s …%s, whether unknown, malformed or of another tenant',
    async (method, path, body) => {
      const ask = (id: string, key?: string) =>
        product.client.request(method, `/v1/workflows/${id}${path}`, { body, key });
      const unknown = await expectRefused(() => ask(newId()), 404, 'WORKFLOW_NOT_FOUND');
      const foreign = await expectRefused(() => ask(runs.waiting, keys.other), 404, 'WORKFLOW_NOT_FOUND');
      expect(withoutPlace(foreign)).toEqual(withoutPlace(unknown));
      for (const id of ['1', 'not-an-id', "'%20or%201=1", '..%2Fapi-keys', 'x'.repeat(100)]) {
        // What stands in place of an id may be anything, so it is not always repeated.
        await expectRefused(
          () => ask(id),
          404,
          'WORKFLOW_NOT_FOUND',
          [],
          expect.stringMatching(/^\/v1\/workflows\//),
        );
      }
    },
  );
});

describe('a principal', () => {
  it.each([
    ['no key', '', []],
    // The first of a kind is recorded at once, those that follow together.
    ['a key that nobody was given', `cs_test_${'x'.repeat(32)}`, ['auth.rejected']],
    ['a text that is no key', 'opensesame', ['auth.rejected']],
  ])('with %s is unknown', async (_what, key, recorded) => {
    await expectRefused(() => start(startBody(), { key }), 401, 'UNAUTHENTICATED', recorded);
    await expectRefused(
      () => product.client.get(`/v1/workflows/${runs.waiting}`, { key }),
      401,
      'UNAUTHENTICATED',
    );
  });

  it('with a scheme other than Bearer is unknown', async () => {
    const headers = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` };
    await expectRefused(() => start(startBody(), { headers }), 401, 'UNAUTHENTICATED');
  });

  it('without the permission is refused, and that is recorded', async () => {
    await expectRefused(() => start(startBody(), { key: keys.reviewer }), 403, 'FORBIDDEN', ['auth.denied']);
    const options = { key: keys.operator };
    await expectRefused(() => decide(runs.waiting, { decision: 'approve' }, options), 403, 'FORBIDDEN', [
      'auth.denied',
    ]);
    await expectRefused(
      () => product.client.post('/v1/audit/verify', undefined, { key: keys.operator }),
      403,
      'FORBIDDEN',
      ['auth.denied'],
    );
    await expectRefused(
      () => product.client.post(`/v1/workflows/${runs.waiting}/cancel`, undefined, { key: keys.reviewer }),
      403,
      'FORBIDDEN',
      ['auth.denied'],
    );
  });
});

describe('a list', () => {
  const lists = ['/v1/workflows', '/v1/approvals', '/v1/audit/events'];

  it('is refused with a cursor that it did not give', async () => {
    const wrong = ['nonsense', cursor(), cursor(1), cursor('a', 'b'), cursor('not-an-id'), cursor('\0')];
    for (const list of lists) {
      for (const each of wrong)
        await expectRefused(() => product.client.get(`${list}?cursor=${each}`), 400, 'INVALID_CURSOR');
    }
    const numbers = [
      'nonsense',
      cursor(),
      cursor(1),
      cursor('1', '2'),
      cursor('x'),
      cursor('1.5'),
      cursor('99999999999'),
    ];
    for (const list of numbered()) {
      for (const each of numbers)
        await expectRefused(() => product.client.get(`${list}?cursor=${each}`), 400, 'INVALID_CURSOR');
    }
  });

  it('is refused with a limit out of range', async () => {
    for (const list of [...lists, ...numbered()]) {
      for (const limit of ['0', '201', '-1', '1.5', 'ten', '', '1e2x']) {
        const answer = await expectRefused(
          () => product.client.get(`${list}?limit=${limit}`),
          400,
          'VALIDATION_FAILED',
        );
        expect(paths(answer)).toContain('limit');
      }
    }
  });

  it.each([
    ['/v1/workflows?status=SLEEPING', 'status'],
    ['/v1/workflows?phase=NOWHERE', 'phase'],
    ['/v1/workflows?createdAfter=yesterday', 'createdAfter'],
    ['/v1/workflows?createdBefore=2026-W01', 'createdBefore'],
    ['/v1/workflows?createdAfter=2026-02-30T00:00:00Z', 'createdAfter'],
    ['/v1/workflows?attribute.9=c', 'attribute.9'],
    ['/v1/workflows?attribute.order=%00', ''],
    ['/v1/workflows?definition=%00', ''],
    ['/v1/workflows?ownerId=%00', ''],
    ['/v1/workflows?color=red', 'color'],
    ['/v1/workflow-definitions/email-campaign?version=0', 'version'],
    ['/v1/workflow-definitions/email-campaign?version=9999999999', 'version'],
    ['/v1/approvals?status=maybe', 'status'],
    ['/v1/audit/events?workflowId=1', 'workflowId'],
    ['/v1/audit/events?from=2026-W01', 'from'],
    ['/v1/audit/events?actor=%00', ''],
    ['/v1/audit/events?type=%00', ''],
  ])('is refused as %s', async (path, field) => {
    const answer = await expectRefused(() => product.client.get(path), 400, 'VALIDATION_FAILED');
    expect(paths(answer)).toContain(field);
  });
});

it.each(['/v1/workflows/%00', '/v1/workflow-definitions/%00', '/v1/sessions/%00'])(
  '%s is refused',
  async (path) => {
    await expectRefused(() => product.client.get(path), 400, 'VALIDATION_FAILED', [], expect.any(String));
  },
);

describe('an event stream', () => {
  it.each(['-1', 'abc', '1.5', '1'.repeat(16), '999999999999999'])(
    'is refused from the position %s',
    async (id) => {
      const headers = { 'last-event-id': id };
      await expectRefused(
        () => product.client.get(`/v1/workflows/${runs.completed}/events`, { headers }),
        400,
        'VALIDATION_FAILED',
      );
    },
  );
});

/** The smallest recipients there are. */
function minimal(count: number): { name: string; email: string }[] {
  return Array.from({ length: count }, (_, index) => ({ name: 'A', email: `r${index}@example.com` }));
}
