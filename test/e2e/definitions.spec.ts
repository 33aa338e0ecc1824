import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { newId } from '../../src/kernel/ids.js';
import { BRIEF, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import type { TestAnswer, TestRequest } from '../harness/http-client.js';
import { auditTypes, expectProblem, rowCounts } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader } from '../harness/run-reader.js';

const BODY_LIMIT_BYTES = 1_048_576;

let product: Product;
let reader: RunReader;
let sessionId: string;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN__SERVER__BODY_LIMIT_BYTES: String(BODY_LIMIT_BYTES) });
  reader = new RunReader(product.client);
  const consents = [{ subject: '*', purpose: 'reminder', lawfulBasis: 'contract', granted: true }];
  sessionId = (await product.client.post('/v1/sessions', { consents })).body.id as string;
});
afterAll(() => product.close());

const person = {
  type: 'object',
  required: ['name', 'email'],
  properties: { name: { type: 'string' }, email: { type: 'string', format: 'email' } },
};

/** A workflow of three agents: no confirmation, its own names, its own purpose. */
const reminder = (parts: object = {}) => ({
  name: 'appointment-reminder',
  version: 1,
  title: 'Reminders of appointments',
  purpose: 'reminder',
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['what', 'from', 'people'],
    properties: {
      what: { type: 'string', minLength: 3 },
      from: person,
      people: { type: 'array', minItems: 1, items: person },
    },
  },
  subjects: { recipients: '$.input.people', sender: '$.input.from' },
  phases: {
    INITIALIZATION: {},
    BATCH_DISCOVERY: {
      agents: [
        {
          agent: 'requirements_agent',
          input: { brief: BRIEF_TEMPLATE, recipientCount: '$.input.people.length' },
        },
      ],
    },
    STRATEGY_ANALYSIS: {
      agents: [
        {
          agent: 'strategy_generator',
          input: { brief: BRIEF_TEMPLATE, requirements: '$.outputs.requirements_agent' },
        },
      ],
    },
    GENERATION: {
      agents: [
        {
          agent: 'email_generator',
          forEach: '$.input.people',
          input: {
            brief: BRIEF_TEMPLATE,
            requirements: '$.outputs.requirements_agent',
            strategy: '$.outputs.strategy_generator',
            sender: '$.input.from',
            recipient: '$.item',
          },
          output: {
            index: '$.index',
            to: '$.item.email',
            subject: '$.output.subject',
            body: '$.output.body',
          },
        },
      ],
      artifact: { kind: 'email-batch', name: 'letters', content: { emails: '$.outputs.email_generator' } },
    },
    REVIEW: { approval: { artifact: 'letters' } },
    DELIVERY: {
      delivery: {
        artifact: 'letters',
        channel: '$.input.channel',
        sender: '$.input.from',
        recipients: '$.input.people',
      },
    },
  } as Record<string, object>,
  ...parts,
});
const BRIEF_TEMPLATE = { goal: '$.input.what', audience: 'People with an appointment' };

/** The reminder as it is used: with a channel that its input always has. */
const usable = (parts: object = {}) => {
  const definition = reminder(parts);
  const { properties, ...input } = definition.input;
  return {
    ...definition,
    input: { ...input, properties: { ...properties, channel: { const: 'outbox', default: 'outbox' } } },
  };
};

const add = (definition: unknown, options?: TestRequest) =>
  product.client.post('/v1/workflow-definitions', definition, options);
const addYaml = (rawBody: string, headers: Record<string, string> = {}) =>
  product.client.request('POST', '/v1/workflow-definitions', {
    rawBody,
    headers: { 'content-type': 'application/yaml', ...headers },
  });
const input = () => ({
  what: 'Remind everybody of the appointment on Tuesday at nine',
  from: SENDER,
  people: recipients(2).map(({ name, email }) => ({ name, email })),
});
const start = (definition: string, parts: object = {}) =>
  product.client.post('/v1/workflows', { definition, sessionId, input: input(), ...parts });
const paths = (answer: TestAnswer) => (answer.body.errors as { path: string }[]).map((error) => error.path);

const withPhases = (parts: object) =>
  reminder({ name: 'broken', phases: { ...reminder().phases, ...parts } });

const template = (value: unknown) =>
  withPhases({ BATCH_DISCOVERY: { agents: [{ agent: 'requirements_agent', input: { brief: value } }] } });

describe('a definition of a tenant', () => {
  it('is added, shown, recorded, and run to its end', async () => {
    const before = await auditTypes(product);
    const added = await add(usable());
    expect(added.status, added.text).toBe(201);
    expect(added.body).toMatchObject({
      name: 'appointment-reminder',
      version: 1,
      source: 'tenant',
      agents: ['requirements_agent', 'strategy_generator', 'email_generator'],
    });
    expect((await auditTypes(product)).slice(before.length)).toEqual(['definition.created']);
    const shown = (await product.client.get('/v1/workflow-definitions/appointment-reminder')).body;
    expect(shown).toMatchObject({
      ...usable(),
      source: 'tenant',
      phases: { REVIEW: { approval: { artifact: 'letters', required: 1 } } },
    });
    const listed = (await product.client.get('/v1/workflow-definitions')).body.items as { name: string }[];
    expect(listed.map((each) => each.name)).toEqual(['appointment-reminder', 'email-campaign']);

    const started = await start('appointment-reminder');
    expect(started.status, started.text).toBe(202);
    const id = started.body.id as string;
    await reader.untilWaiting(id);
    const history = await reader.history(id);
    expect(history.filter((step) => step.kind === 'step').map((step) => step.agent)).toEqual([
      'requirements_agent',
      'strategy_generator',
      'email_generator',
    ]);
    await reader.decide(id, { decision: 'approve' });
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED', output: { sent: 2 } });
    expect((await deliveredMails(product, id)).map((mail) => mail.to?.[0]?.address)).toEqual([
      'recipient.0@example.com',
      'recipient.1@example.com',
    ]);
  });

  it('asks for the consent of its own purpose', async () => {
    await add(usable({ name: 'purposeful' }));
    const consents = [{ subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }];
    const other = (await product.client.post('/v1/sessions', { consents })).body.id as string;
    const answer = await start('purposeful', { sessionId: other });
    expectProblem(answer, 409, 'TRANSITION_DENIED');
    expect(answer.body.violations).toMatchObject([
      { rule: 'gdpr.consent', message: expect.stringContaining('"reminder"') },
    ]);
  });

  it('checks the input by its own schema', async () => {
    await add(usable({ name: 'picky' }));
    const answer = await start('picky', {
      input: { ...input(), what: 'no', surprise: 1, from: { name: 'A' } },
    });
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(paths(answer)).toEqual(
      expect.arrayContaining(['input.what', 'input.surprise', 'input.from.email']),
    );
    const foreign = { brief: BRIEF, sender: SENDER, recipients: recipients(1) };
    expectProblem(await start('picky', { input: foreign }), 400, 'VALIDATION_FAILED');
  });

  it('in a new version does not disturb the runs of the old one', async () => {
    await add(usable({ name: 'evolving' }));
    const old = (await start('evolving')).body.id as string;
    await reader.untilWaiting(old);
    const next = usable({ name: 'evolving', version: 2, title: 'Better reminders' });
    const review = {
      ...next,
      phases: {
        ...next.phases,
        REVIEW: { ...next.phases['REVIEW'], approval: { artifact: 'letters', required: 2 } },
      },
    };
    expect((await add(review)).status).toBe(201);

    await reader.decide(old, { decision: 'approve' });
    expect(await untilEnded(product.client, old)).toMatchObject({
      status: 'COMPLETED',
      version: 1,
      approvals: [{ requiredApprovals: 1 }],
    });
    const newest = (await start('evolving')).body;
    const pinned = (await start('evolving', { version: 1 })).body;
    expect([newest.version, pinned.version]).toEqual([2, 1]);
    expect((await reader.untilWaiting(newest.id as string)).approvals).toMatchObject([
      { requiredApprovals: 2 },
    ]);
    expect((await reader.untilWaiting(pinned.id as string)).approvals).toMatchObject([
      { requiredApprovals: 1 },
    ]);
    for (const [query, version] of [
      ['', 2],
      ['?version=1', 1],
      ['?version=2', 2],
    ] as const) {
      expect((await product.client.get(`/v1/workflow-definitions/evolving${query}`)).body.version).toBe(
        version,
      );
    }
    expectProblem(
      await product.client.get('/v1/workflow-definitions/evolving?version=3'),
      404,
      'DEFINITION_NOT_FOUND',
    );
  });

  it('that asks for two approvals gets them from two people', async () => {
    const definition = usable({ name: 'two-signatures' });
    await add({
      ...definition,
      phases: { ...definition.phases, REVIEW: { approval: { artifact: 'letters', required: 2 } } },
    });
    const id = (await start('two-signatures')).body.id as string;
    await reader.untilWaiting(id);
    expect((await reader.decide(id, { decision: 'approve' })).body).toMatchObject({
      status: 'pending',
      decisions: [{ decision: 'approve' }],
    });
    expect((await reader.run(id)).status).toBe('WAITING_FOR_APPROVAL');
    expectProblem(await reader.decide(id, { decision: 'approve' }), 409, 'APPROVAL_ALREADY_DECIDED');
    const { key } = await product.makeKey('reviewer');
    expect((await reader.decide(id, { decision: 'approve' }, key)).body).toMatchObject({
      status: 'approved',
    });
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
  });

  it('that cannot work ends its run with the reason', async () => {
    const definition = usable({ name: 'unworkable' });
    const agents = [{ agent: 'requirements_agent', input: { nonsense: '$.input.what' } }];
    await add({ ...definition, phases: { ...definition.phases, BATCH_DISCOVERY: { agents } } });
    const id = (await start('unworkable')).body.id as string;
    const run = await untilEnded(product.client, id);
    expect(run).toMatchObject({
      status: 'FAILED',
      phase: 'BATCH_DISCOVERY',
      contextData: { lastError: { code: 'AGENT_FAILED' } },
    });
    expect((await reader.history(id)).find((step) => step.agent === 'requirements_agent')).toMatchObject({
      status: 'failed',
    });
  });

  it('is unknown to another tenant', async () => {
    await add(usable({ name: 'our-own' }));
    const { id, key } = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [OTHER_TENANT_ID, id]);
    expectProblem(
      await product.client.get('/v1/workflow-definitions/our-own', { key }),
      404,
      'DEFINITION_NOT_FOUND',
    );
    const listed = (await product.client.get('/v1/workflow-definitions', { key })).body.items as {
      name: string;
    }[];
    expect(listed.map((each) => each.name)).toEqual(['email-campaign']);
  });
});

describe('a definition in YAML', () => {
  it('is taken as well', async () => {
    const answer = await addYaml(stringify(usable({ name: 'from-yaml' })));
    expect(answer.status, answer.text).toBe(201);
    expect((await start('from-yaml')).status).toBe(202);
  });

  it('is added once however often it is sent under one key', async () => {
    const headers = { 'idempotency-key': newId() };
    const text = stringify(usable({ name: 'once' }));
    const first = await addYaml(text, headers);
    const again = await addYaml(text, headers);
    expect(again.headers.get('idempotent-replay')).toBe('true');
    expect(again.body).toEqual(first.body);
    expectProblem(await addYaml(`${text}\n# more`, headers), 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  it.each([
    ['no YAML', 'name: [1,\n', 'line 2'],
    ['a text', 'just a text', ''],
    ['nothing', '', ''],
    ['a tag that is none', '!!js/function "function () {}"', ''],
    ['the same key twice', 'name: a\nname: b\n', 'line 2'],
  ])('is refused when it is %s', async (_what, text, place) => {
    const answer = await expectRefused(() => addYaml(text), 400, 'DEFINITION_INVALID');
    expect(paths(answer)[0]).toContain(place);
  });

  it('is refused when it unfolds to more than it says', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`,
    );
    await expectRefused(() => addYaml(['l0: &l0 [x]', ...levels].join('\n')), 400, 'DEFINITION_INVALID');
  });

  it('is refused when it is larger than the server accepts', async () => {
    await expectRefused(() => addYaml(`name: "${'x'.repeat(BODY_LIMIT_BYTES)}"`), 413, 'BODY_TOO_LARGE');
  });

  it('means nothing where JSON is due', async () => {
    const answer = await product.client.request('POST', '/v1/sessions', {
      rawBody: 'consents: []',
      headers: { 'content-type': 'application/yaml' },
    });
    expectProblem(answer, 400, 'VALIDATION_FAILED');
  });
});

describe('a definition that is not valid', () => {
  it.each<[string, () => unknown, string]>([
    ['an empty object', () => ({}), 'name'],
    ['a list', () => [], ''],
    ['a name in capitals', () => reminder({ name: 'Broken' }), 'name'],
    ['a name out of its path', () => reminder({ name: '../etc' }), 'name'],
    ['no version', () => reminder({ name: 'broken', version: undefined }), 'version'],
    ['version zero', () => reminder({ name: 'broken', version: 0 }), 'version'],
    ['an unknown field', () => reminder({ name: 'broken', surprise: 1 }), 'surprise'],
    ['a missing phase', () => reminder({ name: 'broken', phases: { INITIALIZATION: {} } }), 'phases.REVIEW'],
    ['a seventh phase', () => withPhases({ AFTERMATH: {} }), 'phases.AFTERMATH'],
    [
      'an unknown agent',
      () => withPhases({ INITIALIZATION: { agents: [{ agent: 'no_such_agent', input: {} }] } }),
      'phases.INITIALIZATION.agents.0.agent',
    ],
    [
      'a reference that is none',
      () => reminder({ name: 'broken', subjects: { recipients: 'input.people' } }),
      'subjects.recipients',
    ],
    [
      'an approval of nothing',
      () => withPhases({ REVIEW: { approval: { artifact: 'nothing' } } }),
      'phases.REVIEW.approval.artifact',
    ],
    ['a delivery that nobody approves', () => withPhases({ REVIEW: {} }), 'phases.REVIEW.approval'],
    [
      'no approvals needed',
      () => withPhases({ REVIEW: { approval: { artifact: 'letters', required: 0 } } }),
      'phases.REVIEW.approval.required',
    ],
    [
      'an input schema that is none',
      () => reminder({ name: 'broken', input: { type: 'nonsense' } }),
      'input',
    ],
    [
      'an input schema from elsewhere',
      () => reminder({ name: 'broken', input: { $ref: 'https://example.com/schema.json' } }),
      'input',
    ],
    [
      'a pattern that is none',
      () =>
        reminder({
          name: 'broken',
          input: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
        }),
      'input',
    ],
  ])('%s is refused at its place, and not kept', async (_what, definition, path) => {
    const answer = await expectRefused(() => add(definition()), 400, 'DEFINITION_INVALID');
    expect(paths(answer)).toContain(path);
  });

  it.each([100, 1_500, 20_000, 100_000])(
    '%i levels of nesting are refused, in JSON and in YAML',
    async (levels) => {
      const deep = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
      const text = JSON.stringify(template('HERE')).replace('"HERE"', deep);
      const json = () => product.client.request('POST', '/v1/workflow-definitions', { rawBody: text });
      await expectRefused(json, 400, 'DEFINITION_INVALID');
      await expectRefused(() => addYaml(text), 400, 'DEFINITION_INVALID');
    },
  );

  it.each(['17', 'true', 'null'])('the body %s is refused', async (rawBody) => {
    await expectRefused(
      () => product.client.request('POST', '/v1/workflow-definitions', { rawBody }),
      400,
      'VALIDATION_FAILED',
    );
  });

  it('a version that exists is refused, and the first one stays', async () => {
    await add(usable({ name: 'taken' }));
    await expectRefused(
      () => add(usable({ name: 'taken', title: 'Another' })),
      409,
      'DEFINITION_VERSION_EXISTS',
    );
    expect((await product.client.get('/v1/workflow-definitions/taken')).body.title).toBe(
      'Reminders of appointments',
    );
  });

  it('is for administrators to add', async () => {
    const { key } = await product.makeKey('operator', 'compliance_officer');
    const answer = await add(usable({ name: 'not-mine' }), { key });
    expectProblem(answer, 403, 'FORBIDDEN');
    expectProblem(await product.client.get('/v1/workflow-definitions/not-mine'), 404, 'DEFINITION_NOT_FOUND');
  });
});

/** Sends a request that must leave no definition and no record. */
async function expectRefused(
  send: () => Promise<TestAnswer>,
  status: number,
  code: string,
): Promise<TestAnswer> {
  const known = (await auditTypes(product)).filter((type) => type === 'definition.created');
  const { workflow_definition: before } = await rowCounts(product);
  const answer = await send();
  expectProblem(answer, status, code);
  expect((await rowCounts(product))['workflow_definition']).toBe(before);
  expect((await auditTypes(product)).filter((type) => type === 'definition.created')).toEqual(known);
  return answer;
}
