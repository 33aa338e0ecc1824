import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { FileAnchor } from '../../src/compliance/audit/log/file-anchor.js';
import { signCheckpoint } from '../../src/compliance/audit/merkle/checkpoint.js';
import { SigningKey } from '../../src/compliance/audit/merkle/ed25519.js';
import { newId } from '../../src/kernel/ids.js';
import { ndjsonOf, noteRows, prepareNotes, upload } from './bulk-upload.js';
import { BRIEF, campaignInReview, openSession, recipients, SENDER, untilEnded } from './campaign.js';
import type { TestAnswer, TestRequest } from './http-client.js';
import { TEST_TENANT_ID } from './database.js';
import { startInstance } from './instance.js';
import type { Product } from './product.js';
import { makeSchedule, scheduleBody } from './schedules.js';
import { defineWorkflow, definitionOf, startSmall } from './small-workflow.js';

/** A request that would succeed at this moment. */
export interface ReadyRequest extends TestRequest {
  /** What stands in place of the parameters of the path. */
  readonly at?: Readonly<Record<string, string>>;
  /** The query string, with its question mark. */
  readonly query?: string;
}

/** A product of the role `api`, whose builders may let workers work for a while. */
export type Stage = Product;

/**
 * Brings things to where the route would succeed, by method and path as the API's description names them. The test of the
 * trail drives every route that changes something; one that is not here fails it. Those that let workers work come before
 * those whose things a worker would take up.
 */
export const CHANGING_ROUTES: Readonly<Record<string, (stage: Stage) => Promise<ReadyRequest>>> = {
  'POST /v1/api-keys': async () => ({ body: { name: 'further', roles: ['operator'] } }),
  'DELETE /v1/api-keys/{id}': async ({ makeKey }) => ({ at: { id: (await makeKey('operator')).id } }),
  'POST /v1/sessions': async () => ({ body: {} }),
  'DELETE /v1/sessions/{id}': async ({ client }) => ({ at: { id: await openSession(client) } }),
  'PUT /v1/sessions/{id}/consents': async ({ client }) => ({
    at: { id: await openSession(client) },
    body: { consents: [{ subject: '*', purpose: 'news', lawfulBasis: 'consent', granted: true }] },
  }),
  'POST /v1/workflow-definitions': async () => ({ body: definitionOf(`w-${newId()}`, {}) }),
  'POST /v1/workflows': async ({ client }) => ({
    body: {
      definition: 'email-campaign',
      sessionId: await openSession(client),
      input: { brief: BRIEF, sender: SENDER, recipients: recipients(1) },
    },
  }),
  'POST /v1/workflows/{id}/cancel': async (stage) => ({ at: { id: await waitingRun(stage) } }),
  'POST /v1/workflows/{id}/retry': async (stage) => ({ at: { id: await failedRun(stage) } }),
  'POST /v1/workflows/{id}/fork': async (stage) => ({
    at: { id: await completedRun(stage) },
    body: { fromPhase: 'DELIVERY' },
  }),
  'POST /v1/workflows/{id}/signals': async (stage) => ({
    at: { id: await waitingRun(stage) },
    body: { name: 'papers' },
  }),
  'POST /v1/workflows/{id}/approvals': async (stage) => ({
    at: { id: await reviewedRun(stage) },
    body: { decision: 'approve' },
  }),
  'POST /v1/approvals/{id}/delegations': async (stage) => {
    const { client, makeKey } = stage;
    const runId = await reviewedRun(stage);
    const id = (await client.get(`/v1/workflows/${runId}/approvals`)).body.items[0].id as string;
    const [from, to] = [await makeKey('reviewer'), await makeKey('reviewer')];
    return { at: { id }, key: from.key, body: { toActorId: to.id } };
  },
  'POST /v1/deliveries/{id}/settle': async (stage) => {
    const runId = await completedRun(stage);
    await stage.database.force(`update delivery set status = 'uncertain' where run_id = $1`, [runId]);
    const { items } = (await stage.client.get(`/v1/workflows/${runId}/deliveries`)).body;
    return { at: { id: items[0].id as string }, body: { outcome: 'delivered' } };
  },
  'POST /v1/workflows/bulk': async ({ client }) => ({
    query: `?${new URLSearchParams(await notes(client)).toString()}`,
    rawBody: ndjsonOf(noteRows(2)),
    headers: { 'content-type': 'application/x-ndjson' },
  }),
  'POST /v1/workflows/bulk/{batchId}/cancel': async ({ client }) => {
    const { body } = made(await upload(client, ndjsonOf(noteRows(2)), { query: await notes(client) }));
    return { at: { batchId: body.batchId as string } };
  },
  'POST /v1/schedules': async (stage) => ({ body: await scheduleBody(stage) }),
  'PATCH /v1/schedules/{id}': async (stage) => ({
    at: { id: (await makeSchedule(stage)).id as string },
    body: { cron: '0 0 2 1 *' },
  }),
  'DELETE /v1/schedules/{id}': async (stage) => ({ at: { id: (await makeSchedule(stage)).id as string } }),
  'POST /v1/schedules/{id}/trigger': async (stage) => ({
    at: { id: (await makeSchedule(stage)).id as string },
    body: {},
  }),
  'POST /v1/schedules/{id}/backfill': async (stage) => ({
    at: { id: (await makeSchedule(stage)).id as string },
    body: { from: '2024-12-31T00:00:00.000Z', to: '2025-01-02T00:00:00.000Z' },
  }),
  'POST /v1/webhooks': async () => ({ body: WEBHOOK }),
  'PATCH /v1/webhooks/{id}': async (stage) => ({
    at: { id: await webhook(stage) },
    body: { description: 'other' },
  }),
  'DELETE /v1/webhooks/{id}': async (stage) => ({ at: { id: await webhook(stage) } }),
  'POST /v1/webhooks/{id}/secrets': async (stage) => ({ at: { id: await webhook(stage) }, body: {} }),
  'POST /v1/webhooks/{id}/test': async (stage) => ({ at: { id: await webhook(stage) } }),
  'POST /v1/webhooks/{id}/deliveries/{deliveryId}/redeliver': async (stage) => {
    const id = await webhook(stage);
    const deliveryId = made(await stage.client.post(`/v1/webhooks/${id}/test`)).body.id as string;
    return { at: { id, deliveryId } };
  },
  'POST /v1/policies': async () => ({ body: { policies: {} } }),
  'POST /v1/policies/{version}/activate': async (stage) => ({
    at: { version: await policyVersion(stage) },
    body: {},
  }),
  'POST /v1/policies/rollback': async (stage) => {
    const version = await policyVersion(stage);
    made(await stage.client.post(`/v1/policies/${version}/activate`, {}));
    return { body: {} };
  },
  'PUT /v1/retention-policies/{definition}': async () => ({
    at: { definition: '*' },
    body: { retentionDays: 400 },
  }),
  'DELETE /v1/retention-policies/{definition}': async ({ client }) => {
    const body = { retentionDays: 30 };
    made(await client.request('PUT', '/v1/retention-policies/email-campaign', { body }));
    return { at: { definition: 'email-campaign' } };
  },
  'PUT /v1/audit/retention-policies/{class}': async () => ({
    at: { class: 'standard' },
    body: { retentionDays: 400 },
  }),
  'DELETE /v1/audit/retention-policies/{class}': async ({ client }) => {
    const body = { retentionDays: 400 };
    made(await client.request('PUT', '/v1/audit/retention-policies/security', { body }));
    return { at: { class: 'security' } };
  },
  'POST /v1/subjects/{subject}/withdrawals': async () => ({ at: { subject: person('a') }, body: {} }),
  'DELETE /v1/subjects/{subject}': async () => ({ at: { subject: person('b') } }),
  'PUT /v1/subjects/{subject}/restriction': async () => ({ at: { subject: person('c') } }),
  'DELETE /v1/subjects/{subject}/restriction': async ({ client }) => {
    const subject = person('d');
    made(await client.request('PUT', `/v1/subjects/${subject}/restriction`));
    return { at: { subject } };
  },
  'PUT /v1/subjects/{subject}/legal-hold': async () => ({ at: { subject: person('e') }, body: HOLD }),
  'DELETE /v1/subjects/{subject}/legal-hold': async ({ client }) => {
    const subject = person('f');
    made(await client.request('PUT', `/v1/subjects/${subject}/legal-hold`, { body: HOLD }));
    return { at: { subject } };
  },
  'POST /v1/audit/holds': async () => ({ body: { scope: 'tenant', ...HOLD } }),
  'DELETE /v1/audit/holds/{id}': async ({ client }) => ({
    at: { id: made(await client.post('/v1/audit/holds', { scope: 'tenant', ...HOLD })).body.id as string },
  }),
  'POST /v1/audit/exports': async () => ({ body: { toIndex: 1 } }),
  'POST /v1/audit/epochs': async (stage) => {
    await anchorAhead(stage);
    return { body: { reason: 'restored-backup' } };
  },
  'POST /v1/audit/instance/keys': async () => ({}),
  'DELETE /v1/audit/instance/keys/previous': async ({ client }) => {
    made(await client.post('/v1/audit/instance/keys'));
    return {};
  },
  // The last one: what comes after it would be done in safe mode.
  'PUT /v1/safe-mode': async () => ({ body: { enabled: true, reason: 'drill' } }),
};

const HOLD = { reference: 'case 2026/117' };

/** The reference of somebody, told apart by a digit. */
function person(digit: string): string {
  return `sub_${digit.repeat(64)}`;
}

/** Routes that only answer, whatever their method; the test holds them to it. */
export const READING_ROUTES: Readonly<Record<string, (stage: Stage) => Promise<ReadyRequest>>> = {
  'POST /v1/pii/detect': async () => ({ body: { texts: ['Nobody is named here.'] } }),
  'POST /v1/pii/redact': async () => ({ body: { texts: ['Nobody is named here.'], operator: 'mask' } }),
  'POST /v1/pii/reveal': async (stage) => ({
    body: {
      runId: await reviewedRun(stage),
      tokens: ['\u27e6EMAIL_1\u27e7'],
      purpose: 'review',
      reason: 'The person asks.',
    },
  }),
  'POST /v1/audit/verify': async () => ({}),
  'POST /v1/policies/validate': async () => ({ body: { policies: {} } }),
  'POST /v1/policies/replay': async () => ({ body: { draft: { policies: {} } } }),
  'POST /v1/policies/{version}/replay': async () => ({ at: { version: '0' }, body: {} }),
  'POST /v1/schedules/preview': async () => ({ body: { cron: '0 0 1 1 *' } }),
};

/** Lets workers work until something is as wanted, and stops them, so that nothing moves afterwards. */
async function whileWorking<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
  const worker = await startInstance(stage, { COUNTERSIGN_ROLE: 'worker' });
  try {
    return await work();
  } finally {
    await worker.close();
  }
}

/** Lets the anchor know more than the database holds, as after a restored backup. */
async function anchorAhead({ app, config }: Stage): Promise<void> {
  const log = app.get(AuditLog);
  await log.seal(TEST_TENANT_ID);
  const { origin = '', size = 0, rootHash = Buffer.alloc(32) } = (await log.checkpoint(TEST_TENANT_ID)) ?? {};
  const note = signCheckpoint({ origin, size: BigInt(size + 1), rootHash }, [
    new SigningKey(Buffer.alloc(32)),
  ]);
  await new FileAnchor(config.audit.anchorFolder ?? '').append(TEST_TENANT_ID, note, new Date());
}

const reviewedRun = (stage: Stage) => whileWorking(stage, () => campaignInReview(stage.client, { count: 1 }));

const completedRun = (stage: Stage) =>
  whileWorking(stage, async () => {
    const id = await campaignInReview(stage.client, { count: 1 });
    made(await stage.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' }));
    await untilEnded(stage.client, id);
    return id;
  });

const policyVersion = async ({ client }: Stage) =>
  String(made(await client.post('/v1/policies', { policies: {} })).body.version);

const waitingRun = (stage: Stage) =>
  whileWorking(stage, async () => {
    const id = await startSmall(stage.client, await defineWorkflow(stage.client, WAITING));
    await stage.client.until(`/v1/workflows/${id}`, ({ body }) => body.waitingFor !== null);
    return id;
  });

const failedRun = (stage: Stage) =>
  whileWorking(stage, async () => {
    const definition = await defineWorkflow(stage.client, WAITING, { timeoutSeconds: 1 });
    const id = await startSmall(stage.client, definition);
    await untilEnded(stage.client, id);
    return id;
  });

const WAITING = { GENERATION: { agents: [{ wait: { signal: { name: 'papers' } } }] } };

/** Nobody is called: there is no worker. */
const WEBHOOK = { url: 'https://1.1.1.1/hook', eventTypes: ['*'] };

async function webhook({ client }: Stage): Promise<string> {
  return made(await client.post('/v1/webhooks', WEBHOOK)).body.id as string;
}

/** One definition of notes serves every upload of a product. */
const prepared = new WeakMap<object, Promise<Record<string, string>>>();
function notes(client: Stage['client']): Promise<Record<string, string>> {
  const known = prepared.get(client) ?? prepareNotes(client);
  prepared.set(client, known);
  return known;
}

function made(answer: TestAnswer): TestAnswer {
  if (answer.status >= 300) throw new Error(answer.text);
  return answer;
}
