import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ActivePolicies } from '../../src/compliance/policy/active-policies.service.js';
import { PolicyDecisions } from '../../src/compliance/policy/policy-decisions.service.js';
import { DEFAULT_SETTINGS } from '../../src/compliance/policy/policy-settings.js';
import { PolicyVersions } from '../../src/compliance/policy/policy-versions.service.js';
import { BRIEF, campaignInReview, openSession, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import { policyRequest } from '../harness/policy-request.fixture.js';
import { type Product, startProduct } from '../harness/product.js';

/** Nothing happens on entering a phase or the end. */
const forbid = (action: string, condition = 'true') =>
  `forbid (principal, action == Countersign::Action::"${action}", resource)\nwhen { ${condition} };`;

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

async function addVersion(policies: object, parts: object = {}): Promise<number> {
  const { status, body, text } = await product.client.post('/v1/policies', { policies, ...parts });
  if (status !== 201) throw new Error(text);
  return body.version as number;
}

async function activate(version: number, body: object = {}): Promise<void> {
  const { status, text } = await product.client.post(`/v1/policies/${version}/activate`, body);
  if (status !== 200) throw new Error(text);
}

/** The built-in policies alone hold for whatever starts next. */
async function reset(): Promise<void> {
  await product.client.post('/v1/policies/0/activate', { appliesTo: 'all' });
}

async function start(key?: string) {
  const sessionId = await openSession(product.client, key);
  const input = { brief: BRIEF, sender: SENDER, recipients: recipients(2) };
  return product.client.post('/v1/workflows', { definition: 'email-campaign', sessionId, input }, { key });
}

async function leaves(type: string) {
  const { body } = await product.client.get(`/v1/audit/events?type=${type}`);
  // oxlint-disable-next-line typescript/no-explicit-any -- leaves of any type
  return body.items as any[];
}

const approve = (id: string, key?: string) =>
  product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' }, { key });

describe('versions of policies', () => {
  it('begin with what is built in', async () => {
    expect((await product.client.get('/v1/policies')).body).toEqual({ items: [], nextCursor: null });
    const { status, body } = await product.client.get('/v1/policies/0');
    expect(status).toBe(200);
    expect(body).toMatchObject({ version: 0, active: true, createdBy: null });
    expect(body.policyIds).toContain('countersign.default-permit');
    expect(Object.keys(body.policies)).toEqual(expect.arrayContaining(body.policyIds));
  });

  it('are numbered, kept as they were given, and hold only once they are activated', async () => {
    const policies = {
      'no-weekends': 'forbid (principal, action, resource) when { context.time.weekday > 7 };',
    };
    const created = await product.client.post('/v1/policies', { policies, settings: { maxRecipients: 500 } });
    expect(created.status).toBe(201);
    const { version, digest } = created.body;
    expect(created.body).toMatchObject({
      active: false,
      policyIds: ['no-weekends'],
      defaultPermit: true,
      settings: { maxRecipients: 500, restrictedByWebhook: false, restrictedNeedsOfficer: false },
    });
    await activate(version);
    expect((await product.client.get(`/v1/policies/${version}`)).body).toEqual({
      ...created.body,
      active: true,
    });
    const [listed] = (await product.client.get('/v1/policies?limit=1')).body.items;
    expect(listed).toMatchObject({ version, active: true, digest });
    const [record] = await leaves('policy.created');
    expect(record).toMatchObject({
      targets: [{ type: 'policy_version' }],
      detail: { version, policies: 1, digest, defaultPermit: true },
    });
    expect((await leaves('policy.activated'))[0]).toMatchObject({ change: { to: String(version) } });
    await reset();
  });

  it('are shown in pages', async () => {
    const versions = [await addVersion({}), await addVersion({}), await addVersion({})];
    const seen: number[] = [];
    let cursor: string | null = '';
    do {
      const { body } = await product.client.get(`/v1/policies?limit=2${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...body.items.map((each: { version: number }) => each.version));
      cursor = body.nextCursor as string | null;
    } while (cursor !== null);
    expect(seen).toEqual(seen.toSorted((one, other) => other - one));
    expect(seen).toEqual(expect.arrayContaining(versions));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('belong to their tenant', async () => {
    const version = await addVersion({});
    const rows = await product.database.query<{ tenant_id: string }>(
      'select distinct tenant_id from policy_version',
    );
    expect(rows).toEqual([{ tenant_id: TEST_TENANT_ID }]);
    await expect(
      product.database
        .query(`begin; set local role countersign_app; set local app.tenant_id = '${OTHER_TENANT_ID}';
        select 1 / (select count(*) from policy_version where version = ${version}); commit`),
    ).rejects.toThrow('division by zero');
    await product.database.query('rollback');
  });

  it('never change', async () => {
    await expect(product.database.query(`update policy_version set policies = '{}'`)).rejects.toThrow(
      'stand',
    );
    await expect(product.database.query('delete from policy_activation')).rejects.toThrow('stand');
  });

  it.each([
    ['GET', '/v1/policies/999999', 404, 'POLICY_VERSION_NOT_FOUND'],
    ['POST', '/v1/policies/999999/activate', 404, 'POLICY_VERSION_NOT_FOUND'],
    ['GET', '/v1/policies/one', 400, 'VALIDATION_FAILED'],
    ['GET', '/v1/policies/-1', 400, 'VALIDATION_FAILED'],
    ['POST', '/v1/policies/99999999999999999999/activate', 400, 'VALIDATION_FAILED'],
  ] as const)('answer %s %s with %i', async (method, path, status, code) => {
    expect(await product.client.request(method, path, method === 'POST' ? { body: {} } : {})).toMatchObject({
      status,
      body: { code },
    });
  });

  it.each([
    ['no policies', {}],
    ['a list', { policies: ['permit (principal, action, resource);'] }],
    ['a text', { policies: 'permit (principal, action, resource);' }],
    ['a policy that is no text', { policies: { a: 1 } }],
    [
      'an id with a dot, as built-in ones have',
      { policies: { 'countersign.default-permit': 'permit (principal, action, resource);' } },
    ],
    ['an id with a quote', { policies: { 'a"b': 'permit (principal, action, resource);' } }],
    ['an id that is too long', { policies: { ['a'.repeat(64)]: 'permit (principal, action, resource);' } }],
    [
      'too many policies',
      { policies: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`p${n}`, ''])) },
    ],
    [
      'too much text',
      { policies: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`p${n}`, ' '.repeat(8_000)])) },
    ],
    ['an unknown setting', { policies: {}, settings: { maxRecipient: 1 } }],
    ['a setting of another type', { policies: {}, settings: { maxRecipients: 'all' } }],
    ['an unknown field', { policies: {}, activate: true }],
  ])('are refused with %s', async (_what, body) => {
    for (const path of ['/v1/policies', '/v1/policies/validate']) {
      if (path.endsWith('validate') && !('policies' in body && Object.keys(body).length === 1)) continue;
      expect(await product.client.post(path, body)).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_FAILED' },
      });
    }
  });

  it('are refused with every fault and its place', async () => {
    const policies = {
      syntax: 'permit (principal, action, resource)\nwhen { 1 + };',
      types:
        'permit (principal, action, resource)\nwhen { context.recipients == "two" || context.cost > 1 };',
      deep: `permit (principal, action, resource) when { ${'('.repeat(3_000)}true${')'.repeat(3_000)} };`,
      good: 'permit (principal, action, resource);',
    };
    const deep = await product.client.post('/v1/policies', { policies });
    expect(deep).toMatchObject({ status: 422, body: { code: 'POLICY_INVALID' } });
    expect(deep.body.faults).toMatchObject([{ policy: 'deep', line: 1, column: 1 }]);
    const { deep: _, ...rest } = policies;
    const { body } = await product.client.post('/v1/policies/validate', { policies: rest });
    expect(body.valid).toBe(false);
    expect(body.faults).toEqual(
      expect.arrayContaining([
        {
          policy: 'syntax',
          line: 2,
          column: expect.any(Number),
          message: expect.stringContaining('unexpected'),
        },
        expect.objectContaining({ policy: 'types', line: 2 }),
      ]),
    );
    expect(body.faults.some(({ policy }: { policy: string }) => policy === 'good')).toBe(false);
    const stored = await product.client.post('/v1/policies', { policies: rest });
    expect(stored.body.faults).toEqual(body.faults);
    expect(
      (await product.client.post('/v1/policies/validate', { policies: { good: policies.good } })).body,
    ).toEqual({
      valid: true,
      faults: [],
    });
  });

  it('are read by reviewers, and changed by compliance officers and administrators', async () => {
    const version = await addVersion({});
    const reviewer = (await product.makeKey('reviewer')).key;
    const operator = (await product.makeKey('operator')).key;
    const officer = (await product.makeKey('compliance_officer')).key;
    const requests = [
      ['GET', '/v1/policies', undefined],
      ['GET', `/v1/policies/${version}`, undefined],
      ['POST', '/v1/policies/validate', { policies: {} }],
    ] as const;
    for (const [method, path, body] of requests) {
      expect((await product.client.request(method, path, { body, key: '' })).status).toBe(401);
      expect((await product.client.request(method, path, { body, key: operator })).status).toBe(403);
      expect((await product.client.request(method, path, { body, key: reviewer })).status).toBe(200);
    }
    const changes = [
      ['/v1/policies', { policies: {} }, 201],
      [`/v1/policies/${version}/activate`, {}, 200],
      ['/v1/policies/rollback', {}, 200],
    ] as const;
    for (const [path, body, status] of changes) {
      expect((await product.client.post(path, body, { key: '' })).status).toBe(401);
      expect((await product.client.post(path, body, { key: reviewer })).status).toBe(403);
      expect((await product.client.post(path, body, { key: officer })).status).toBe(status);
    }
    await reset();
  });
});

describe('a policy', () => {
  it('lets no run start that it forbids, and the refusal names it', async () => {
    const version = await addVersion({
      'small-only': forbid('enterInitialization', 'context.recipients > 1'),
    });
    await activate(version);
    expect(await start()).toMatchObject({
      status: 409,
      body: {
        code: 'TRANSITION_DENIED',
        violations: [
          { rule: 'policy.permitted', tier: 'enterprise', message: 'forbidden by policy small-only' },
        ],
      },
    });
    const [denial] = await leaves('workflow.start_denied');
    expect(denial).toMatchObject({
      code: 'policy.permitted',
      decision: { engine: 'cedar', result: 'deny', digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(denial.decision.policyVersion).toMatch(new RegExp(`^${version}\\.[0-9a-f]{12}$`));
    await reset();
    expect((await start()).status).toBe(202);
  });

  it('holds for runs that start after it, unless it is made to reach those under way', async () => {
    const [first, second] = [await campaignInReview(product.client), await campaignInReview(product.client)];
    const version = await addVersion({ stop: forbid('complete') });
    await activate(version);
    expect((await approve(first)).status).toBe(201);
    expect(await untilEnded(product.client, first)).toMatchObject({ status: 'COMPLETED', policyVersion: 0 });
    await activate(version, { appliesTo: 'all' });
    expect((await approve(second)).status).toBe(201);
    expect(await untilEnded(product.client, second)).toMatchObject({
      status: 'FAILED',
      policyVersion: 0,
      contextData: { lastError: { message: 'policy.permitted: forbidden by policy stop' } },
    });
    const history = (await product.client.get(`/v1/workflows/${second}/history`)).body.items;
    const decisions = history.flatMap(
      (entry: { detail?: { policy?: object } }) => entry.detail?.policy ?? [],
    );
    expect(decisions.map(({ result }: { result: string }) => result)).toContain('deny');
    await reset();
  });

  it('is taken back in one call, and once more leads one further back', async () => {
    await reset();
    const [one, two] = [
      await addVersion({ one: forbid('complete') }),
      await addVersion({ two: forbid('complete') }),
    ];
    await activate(one);
    await activate(two);
    const back = async () => (await product.client.post('/v1/policies/rollback', {})).body;
    expect(await back()).toMatchObject({ version: one, kind: 'rollback', appliesTo: 'all' });
    expect(await back()).toMatchObject({ version: 0 });
    expect((await leaves('policy.rolled_back'))[0]).toMatchObject({ change: { from: String(one), to: '0' } });
    expect((await start()).status).toBe(202);
  });

  it('cannot be activated twice over', async () => {
    const version = await addVersion({});
    await activate(version);
    const again = (body: object) => product.client.post(`/v1/policies/${version}/activate`, body);
    expect(await again({})).toMatchObject({ status: 409, body: { code: 'POLICY_ALREADY_ACTIVE' } });
    expect((await again({ appliesTo: 'all' })).status).toBe(200);
    expect((await again({ appliesTo: 'all' })).status).toBe(409);
    await reset();
  });

  it('cannot lift what is built in, and without the built-in permit nothing is permitted but by itself', async () => {
    const everything = { everything: 'permit (principal, action, resource);' };
    await activate(await addVersion(everything, { settings: { maxRecipients: 1 } }));
    expect((await start()).body.violations).toMatchObject([
      { message: 'forbidden by policy countersign.recipients-limit' },
    ]);
    await activate(await addVersion({}, { defaultPermit: false }));
    expect((await start()).body.violations).toMatchObject([{ message: 'no policy permits it' }]);
    await activate(await addVersion(everything, { defaultPermit: false }));
    expect((await start()).status).toBe(202);
    await reset();
  });

  it('decides who may approve', async () => {
    const version = await addVersion({
      'officers-approve': forbid('approve', '!principal.roles.contains("compliance_officer")'),
    });
    await activate(version);
    const id = await campaignInReview(product.client);
    const reviewer = (await product.makeKey('reviewer')).key;
    expect(await approve(id, reviewer)).toMatchObject({
      status: 409,
      body: { code: 'TRANSITION_DENIED', violations: [{ message: 'forbidden by policy officers-approve' }] },
    });
    expect((await leaves('approval.denied'))[0]).toMatchObject({
      code: 'TRANSITION_DENIED',
      decision: { result: 'deny' },
    });
    const officer = (await product.makeKey('compliance_officer')).key;
    expect((await approve(id, officer)).status).toBe(201);
    expect(await untilEnded(product.client, id)).toMatchObject({
      status: 'COMPLETED',
      policyVersion: version,
    });
    expect((await leaves('approval.decided'))[0]).toMatchObject({ decision: { result: 'allow' } });
    await reset();
  });

  it('is asked once more before messages leave', async () => {
    await activate(await addVersion({ 'nothing-leaves': forbid('deliver') }));
    const id = await campaignInReview(product.client);
    await approve(id);
    expect(await untilEnded(product.client, id)).toMatchObject({
      status: 'FAILED',
      phase: 'DELIVERY',
      contextData: { lastError: { message: 'policy.permitted: forbidden by policy nothing-leaves' } },
    });
    expect(
      await product.database.query('select count(*)::int as n from delivery where run_id = $1', [id]),
    ).toEqual([{ n: 0 }]);
    await reset();
  });

  it('that is lost denies', async () => {
    const id = await campaignInReview(product.client);
    // Past the program: an activation of a version that was never stored.
    await product.database.force(
      `insert into policy_activation (id, tenant_id, number, version, applies_to, kind, activated_by, activated_at)
       select gen_random_uuid(), tenant_id, max(number) + 1, 4711, 'all', 'activate', 'nobody', now()
       from policy_activation group by tenant_id`,
    );
    await product.client.until('/v1/policies/0', ({ body }) => body.active === false);
    await expect
      .poll(async () => (await start()).body.violations?.[0]?.rule, { timeout: 10_000 })
      .toBe('policy.decided');
    await approve(id).catch(() => undefined);
    await reset();
  });
});

describe('the replay of a version', () => {
  interface Change {
    readonly runId: string | null;
    readonly action: string;
    readonly recorded: { readonly version: string; readonly result: string };
    readonly replayed: { readonly version: string; readonly result: string; readonly policies: string[] };
  }
  let approved: string;
  let waiting: string;

  const replay = (version: number | string, body: object = {}, key?: string) =>
    product.client.post(`/v1/policies/${version}/replay`, body, { key });

  beforeAll(async () => {
    await reset();
    approved = await campaignInReview(product.client);
    await approve(approved);
    await untilEnded(product.client, approved);
    waiting = await campaignInReview(product.client);
  });

  it('changes nothing where the version says the same', async () => {
    const { status, body, text } = await replay(0, { runId: approved });
    expect(status, text).toBe(200);
    // Seven passages, the approval, and that the messages may leave.
    expect(body.summary).toMatchObject({
      runs: 1,
      decisions: 9,
      unchanged: 9,
      nowRefused: 0,
      nowAllowed: 0,
      notReplayable: 0,
    });
    expect(body).toMatchObject({ version: 0, items: [] });
  });

  it('shows each decision that would have been otherwise, and touches nothing', async () => {
    const version = await addVersion({
      'nothing-leaves': forbid('deliver'),
      'nobody-approves': forbid('approve', 'context.recipients > 1'),
    });
    const { body } = await replay(version, { runId: approved });
    const shown = (body.items as Change[]).map(({ action, recorded, replayed }) => [
      action,
      recorded.result,
      replayed.result,
      replayed.policies,
    ]);
    expect(shown).toEqual([
      ['approve', 'allow', 'deny', ['nobody-approves']],
      ['deliver', 'allow', 'deny', ['nothing-leaves']],
    ]);
    expect(body.items[0]).toMatchObject({
      runId: approved,
      recorded: { version: expect.stringMatching(/^0\./) },
      replayed: { version: expect.stringMatching(new RegExp(`^${version}\\.`)) },
    });
    expect(body.summary).toMatchObject({ decisions: 9, unchanged: 7, nowRefused: 2 });
    expect((await product.client.get(`/v1/workflows/${approved}`)).body.status).toBe('COMPLETED');
    expect((await product.client.get(`/v1/policies/${version}`)).body.active).toBe(false);
  });

  it('knows starts and approvals that were refused', async () => {
    await activate(
      await addVersion({
        'no-starts': forbid('enterInitialization'),
        'no-approvals': forbid('approve', 'resource.definition == "email-campaign"'),
      }),
      { appliesTo: 'all' },
    );
    expect((await start()).status).toBe(409);
    expect((await approve(waiting)).status).toBe(409);
    await reset();
    const all: Change[] = [];
    for (let cursor: string | null = null, turns = 0; turns === 0 || cursor !== null; turns++) {
      const { body } = await replay(0, { limit: 1, ...(cursor !== null && { cursor }) });
      all.push(...(body.items as Change[]));
      cursor = body.nextCursor as string | null;
    }
    const allowedNow = all.filter(({ replayed }) => replayed.result === 'allow');
    expect(allowedNow).toContainEqual(
      expect.objectContaining({ runId: null, action: 'enterInitialization' }),
    );
    expect(allowedNow).toContainEqual(expect.objectContaining({ runId: waiting, action: 'approve' }));
  });

  it('of many runs comes line by line, with the progress and an end', async () => {
    const headers = { accept: 'application/x-ndjson' };
    const { text } = await product.client.post('/v1/policies/0/replay', { limit: 1 }, { headers });
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; runs: number; decisions: number });
    const progress = lines.filter(({ kind }) => kind === 'progress');
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.map(({ runs }) => runs)).toEqual(
      progress.map(({ runs }) => runs).toSorted((one, other) => one - other),
    );
    const summary = lines.at(-1);
    expect(summary?.kind).toBe('summary');
    const [{ n } = { n: 0 }] = await product.database.query<{ n: number }>(
      'select count(*)::int as n from workflow_run where tenant_id = $1',
      [TEST_TENANT_ID],
    );
    expect(summary?.runs).toBe(n);
  });

  it('does not take for recorded what somebody has changed since', async () => {
    await product.database.force(
      `update workflow_step set detail = jsonb_set(detail, '{policy,request,known,recipients}', '1')
       where run_id = $1 and detail -> 'policy' -> 'request' ->> 'action' = 'enterReview'`,
      [waiting],
    );
    const { body } = await replay(0, { runId: waiting });
    expect(body.summary.notReplayable).toBe(1);
  });

  it.each([
    ['999999', {}, 404, 'POLICY_VERSION_NOT_FOUND'],
    ['one', {}, 400, 'VALIDATION_FAILED'],
    ['0', { from: 'yesterday' }, 400, 'VALIDATION_FAILED'],
    ['0', { from: '2020-01-01', to: '2026-01-01' }, 400, 'VALIDATION_FAILED'],
    ['0', { limit: 0 }, 400, 'VALIDATION_FAILED'],
    ['0', { runId: 'x' }, 400, 'VALIDATION_FAILED'],
    ['0', { policies: {} }, 400, 'VALIDATION_FAILED'],
    ['0', { cursor: 'nonsense' }, 400, 'INVALID_CURSOR'],
  ])('of version %s with %j is refused: %i %s', async (version, body, status, code) => {
    expect(await replay(version, body)).toMatchObject({ status, body: { code } });
  });

  it('of a draft shows the same as of a version of it, and stores nothing', async () => {
    const draft = { policies: { 'nothing-leaves': forbid('deliver') } };
    const stored = 'select count(*)::int as n from policy_version';
    const before = await product.database.query(stored);
    const { status, body, text } = await product.client.post('/v1/policies/replay', {
      draft,
      runId: approved,
    });
    expect(status, text).toBe(200);
    expect(await product.database.query(stored)).toEqual(before);
    const byVersion = (await replay(await addVersion(draft.policies), { runId: approved })).body;
    expect(body.summary).toEqual(byVersion.summary);
    expect(body.version).toBeNull();
    expect(body.items).toMatchObject([
      {
        action: 'deliver',
        recorded: { result: 'allow' },
        replayed: {
          version: expect.stringMatching(/^draft\./),
          result: 'deny',
          policies: ['nothing-leaves'],
        },
      },
    ]);
    const lines = await product.client.post(
      '/v1/policies/replay',
      { draft: { ...draft, defaultPermit: false }, runId: approved },
      { headers: { accept: 'application/x-ndjson' } },
    );
    const summary = JSON.parse(lines.text.trimEnd().split('\n').at(-1) ?? '') as object;
    // Without the built-in permit nothing is allowed.
    expect(summary).toMatchObject({ kind: 'summary', version: null, decisions: 9, nowRefused: 9 });
  });

  it.each([
    [{}, 400, 'VALIDATION_FAILED'],
    [{ draft: { policies: 'none' } }, 400, 'VALIDATION_FAILED'],
    [{ draft: { policies: {} }, limit: 0 }, 400, 'VALIDATION_FAILED'],
    [{ draft: { policies: { one: 'permit (' } } }, 422, 'POLICY_INVALID'],
  ])('of the draft in %j is refused: %i %s', async (body, status, code) => {
    expect(await product.client.post('/v1/policies/replay', body)).toMatchObject({ status, body: { code } });
  });

  it('is for those who read policies', async () => {
    const draft = { draft: { policies: {} } };
    const ofDraft = async (key: string) =>
      (await product.client.post('/v1/policies/replay', draft, { key })).status;
    expect(await ofDraft('')).toBe(401);
    expect(await ofDraft((await product.makeKey('operator')).key)).toBe(403);
    expect(await ofDraft((await product.makeKey('reviewer')).key)).toBe(200);
    expect((await replay(0, {}, '')).status).toBe(401);
    expect((await replay(0, {}, (await product.makeKey('operator')).key)).status).toBe(403);
    expect((await replay(0, {}, (await product.makeKey('reviewer')).key)).status).toBe(200);
  });
});

describe('five hundred activations', () => {
  it('leave no more memory behind than one hundred, and each decides', async () => {
    const versions = product.app.get(PolicyVersions, { strict: false });
    const decisions = product.app.get(PolicyDecisions, { strict: false });
    const active = product.app.get(ActivePolicies, { strict: false });
    const author = { tenantId: TEST_TENANT_ID, principalId: 'nobody', requestId: 'r' };
    // More than are kept ready at a time, so that each is parsed anew when its turn comes.
    const numbers: number[] = [];
    for (let n = 0; n < 70; n++) {
      const policies = { limit: forbid('enterReview', `context.recipients == ${n}`) };
      const draft = { policies, settings: DEFAULT_SETTINGS, defaultPermit: true };
      numbers.push((await versions.create(author, draft)).version);
    }
    const run = { ...policyRequest('enterReview').run, tenantId: TEST_TENANT_ID };
    const activateAndAsk = async (turn: number) => {
      const index = turn % numbers.length;
      await versions.activate(author, numbers[index] as number, 'all');
      const pin = await active.now(TEST_TENANT_ID);
      const request = policyRequest('enterReview', { run, known: { recipients: index } });
      expect(await decisions.decide(request, pin)).toMatchObject({ result: 'deny', policies: ['limit'] });
    };
    for (let turn = 0; turn < 100; turn++) await activateAndAsk(turn);
    const before = process.memoryUsage().external;
    for (let turn = 100; turn < 500; turn++) await activateAndAsk(turn);
    expect(decisions.preparedSets).toBeLessThanOrEqual(64);
    // 60 KB for each activation would be 24 MB.
    expect(process.memoryUsage().external - before).toBeLessThan(8_388_608);
    await reset();
  });
});

describe('classification', () => {
  it('is shown with the run, and follows what was found', async () => {
    const id = (await start()).body.id as string;
    expect((await product.client.get(`/v1/workflows/${id}`)).body).toMatchObject({
      classification: 'confidential',
    });
    const sessionId = await openSession(product.client);
    const [person] = recipients(1);
    const people = [{ ...person, attributes: { card: '4111 1111 1111 1111' } }];
    const input = { brief: BRIEF, sender: SENDER, recipients: people };
    const { body } = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      sessionId,
      input,
    });
    expect((await product.client.get(`/v1/workflows/${body.id}`)).body.classification).toBe('restricted');
  });

  it('never falls, whoever writes the row', async () => {
    const id = (await start()).body.id as string;
    await expect(
      product.database.query(`update workflow_run set classification = 'public' where id = $1`, [id]),
    ).rejects.toThrow('never falls');
  });

  it('keeps restricted data off webhooks', async () => {
    const sessionId = await openSession(product.client);
    const [person] = recipients(1);
    const input = {
      brief: BRIEF,
      sender: SENDER,
      recipients: [{ ...person, attributes: { card: '4111 1111 1111 1111' } }],
      delivery: { channel: 'webhook', url: 'https://example.com/in' },
    };
    const request = { definition: 'email-campaign', sessionId, input };
    expect((await product.client.post('/v1/workflows', request)).body.violations).toMatchObject([
      { message: 'forbidden by policy countersign.restricted-stays-off-webhooks' },
    ]);
    await activate(await addVersion({}, { settings: { restrictedByWebhook: true } }));
    expect((await product.client.post('/v1/workflows', request)).status).toBe(202);
    await reset();
  });
});

describe('with four eyes', () => {
  it('whoever wrote a version may not activate it, and the attempt is recorded', async () => {
    const strict = await startProduct({ COUNTERSIGN__POLICIES__FOUR_EYES: 'true', COUNTERSIGN_ROLE: 'api' });
    try {
      const { version } = (await strict.client.post('/v1/policies', { policies: {} })).body;
      const path = `/v1/policies/${version}/activate`;
      expect(await strict.client.post(path, {})).toMatchObject({
        status: 403,
        body: { code: 'POLICY_FOUR_EYES' },
      });
      const { items } = (await strict.client.get('/v1/audit/events?type=policy.activation_denied')).body;
      expect(items).toMatchObject([{ outcome: 'denied', code: 'POLICY_FOUR_EYES' }]);
      const officer = (await strict.makeKey('compliance_officer')).key;
      expect((await strict.client.post(path, {}, { key: officer })).status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});
