import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BRIEF,
  campaignInReview,
  openSession,
  recipients,
  SENDER,
  startCampaign,
} from '../harness/campaign.js';
import { createTestDatabase, OTHER_TENANT_ID, type TestDatabase } from '../harness/database.js';
import { HttpClient, type TestAnswer } from '../harness/http-client.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { expectProblem } from '../harness/problem.js';
import { ADMIN_KEY, type Product, productEnv, startProduct } from '../harness/product.js';
import { makeSchedule, scheduleBody } from '../harness/schedules.js';
import { ServerProcess } from '../harness/server-process.js';
import { defineWorkflow, startSmall } from '../harness/small-workflow.js';

let product: Product;
let second: Instance;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN__WEBHOOKS__ALLOW_PRIVATE_ADDRESSES: 'true' });
  second = await startInstance(product, { COUNTERSIGN_ROLE: 'api' });
});
afterAll(async () => {
  await second.close();
  await product.close();
});

function campaignOf(sessionId: string, count = 2) {
  return {
    definition: 'email-campaign',
    sessionId,
    input: { brief: BRIEF, sender: SENDER, recipients: recipients(count) },
  };
}

const keyed = (key: string, apiKey?: string) => ({ key: apiKey, headers: { 'idempotency-key': key } });

async function runsOf(database: TestDatabase, sessionId: string): Promise<string[]> {
  const rows = await database.query<{ id: string }>('select id from workflow_run where session_id = $1', [
    sessionId,
  ]);
  return rows.map(({ id }) => id);
}

describe('a start with an idempotency key', () => {
  it('makes one run of fifty simultaneous requests to two processes', async () => {
    const sessionId = await openSession(product.client);
    const send = (index: number) =>
      (index % 2 === 0 ? product : second).client.post(
        '/v1/workflows',
        campaignOf(sessionId),
        keyed('fifty'),
      );
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => send(index)));
    const [id, ...more] = await runsOf(product.database, sessionId);
    expect(more).toEqual([]);
    const fresh = answers.filter(
      ({ status, headers }) => status === 202 && !headers.has('idempotent-replay'),
    );
    expect(fresh).toHaveLength(1);
    const accepted = answers.filter(({ status }) => status === 202);
    expect(new Set(accepted.map(({ body }) => body.id as string))).toEqual(new Set([id]));
    for (const refused of answers.filter((answer) => !accepted.includes(answer))) {
      expectProblem(refused, 409, 'IDEMPOTENCY_IN_PROGRESS');
      expect(refused.headers.get('retry-after')).toBe('1');
    }
    // Whoever was told to wait gets the run now.
    for (const client of [product.client, second.client]) {
      const again = await client.post('/v1/workflows', campaignOf(sessionId), keyed('fifty'));
      expect([again.status, again.headers.get('idempotent-replay'), again.body.id]).toEqual([
        202,
        'true',
        id,
      ]);
    }
    expect(await runsOf(product.database, sessionId)).toEqual([id]);
  });

  it('leaves nothing of a repetition: no record, no token, no job', async () => {
    const sessionId = await openSession(product.client);
    const id = (await product.client.post('/v1/workflows', campaignOf(sessionId), keyed('once'))).body
      .id as string;
    await product.client.until(`/v1/workflows/${id}`, ({ body }) => body.status === 'WAITING_FOR_APPROVAL');
    const count = () =>
      product.database.query(`select (select count(*) from audit_event) as audited,
        (select count(*) from vault_token) as tokens, (select count(*) from content) as contents,
        (select count(*) from pgboss.job where name like 'workflow%') as jobs`);
    const before = await count();
    expect((await product.client.post('/v1/workflows', campaignOf(sessionId), keyed('once'))).body.id).toBe(
      id,
    );
    expect(await count()).toEqual(before);
  });

  it('gives the first answer even when the session has been closed since', async () => {
    const sessionId = await openSession(product.client);
    const first = await product.client.post('/v1/workflows', campaignOf(sessionId), keyed('closed'));
    await product.client.request('DELETE', `/v1/sessions/${sessionId}`);
    const again = await product.client.post('/v1/workflows', campaignOf(sessionId), keyed('closed'));
    expect([again.status, again.text]).toEqual([202, first.text]);
    expect((await product.client.post('/v1/workflows', campaignOf(sessionId), keyed('new'))).status).toBe(
      403,
    );
  });

  it('is not remembered when it was refused, so that it can be put right', async () => {
    const sessionId = (await product.client.post('/v1/sessions', {})).body.id as string;
    const start = () => product.client.post('/v1/workflows', campaignOf(sessionId), keyed('refused'));
    expectProblem(await start(), 409, 'TRANSITION_DENIED');
    await product.client.request('PUT', `/v1/sessions/${sessionId}/consents`, {
      body: {
        consents: [{ subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }],
      },
    });
    expect((await start()).status).toBe(202);
    expect(await runsOf(product.database, sessionId)).toHaveLength(1);
  });

  it('has nothing to do with the same key of another API key or tenant', async () => {
    const other = await product.makeKey('operator');
    const foreign = await product.makeKey('operator');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      foreign.id,
    ]);
    const ids = new Set<string>();
    for (const key of [undefined, other.key, foreign.key]) {
      const sessionId = await openSession(product.client, key);
      const answer = await product.client.post('/v1/workflows', campaignOf(sessionId), keyed('shared', key));
      expect([answer.status, answer.headers.get('idempotent-replay')]).toEqual([202, null]);
      ids.add(answer.body.id as string);
    }
    expect(ids.size).toBe(3);
  });
});

describe('a server killed while it answers', () => {
  const STARTS = 20;
  let database: TestDatabase;
  let dataDir: string;
  const servers: ServerProcess[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'countersign-idempotency-'));
    await chmod(dataDir, 0o755);
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.end('SIGKILL')));
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function startServer(): Promise<{ server: ServerProcess; client: HttpClient }> {
    const server = await ServerProcess.start({
      ...productEnv(database.url, dataDir),
      COUNTERSIGN_ROLE: 'api',
    });
    servers.push(server);
    return { server, client: new HttpClient(server.address, ADMIN_KEY) };
  }

  it(
    'gives each repetition the run that its first request made, and makes the others',
    { timeout: 240_000 },
    async () => {
      const { server, client } = await startServer();
      const sessionId = await openSession(client);
      const send = (to: HttpClient, index: number) =>
        to.post('/v1/workflows', campaignOf(sessionId, 20 + index), keyed(`start-${index}`));
      const cut = Array.from({ length: STARTS }, (_, index) =>
        send(client, index).then(
          () => 'answered',
          () => 'cut',
        ),
      );
      await expect
        .poll(async () => (await runsOf(database, sessionId)).length, { timeout: 30_000, interval: 1 })
        .toBeGreaterThan(0);
      await server.end('SIGKILL');
      expect(await Promise.all(cut)).toContain('cut');
      const made = await runsOf(database, sessionId);

      const next = await startServer();
      const answers = await Promise.all(
        Array.from({ length: STARTS }, (_, index) => send(next.client, index)),
      );
      const replayed = answers.filter(({ headers }) => headers.get('idempotent-replay') === 'true');
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
      expect(replayed.map(({ body }) => body.id as string).toSorted()).toEqual(made.toSorted());
      expect((await runsOf(database, sessionId)).toSorted()).toEqual(
        answers.map(({ body }) => body.id as string).toSorted(),
      );
    },
  );
});

/** Of the definition that is added again and again. */
let versions = 0;

interface Creation {
  readonly path: string;
  readonly body: unknown;
  /** Another request under the same key. */
  readonly other: unknown;
}

/**
 * A request for every route that creates something. Whoever adds such a route adds it here; what a POST does without
 * creating anything stands below.
 */
const CREATIONS: Readonly<Record<string, () => Promise<Creation>>> = {
  '/v1/sessions': async () => ({ path: '/v1/sessions', body: {}, other: { metadata: { other: 'yes' } } }),
  '/v1/api-keys': async () => {
    const body = { name: 'importer', roles: ['operator'] };
    return { path: '/v1/api-keys', body, other: { ...body, name: 'exporter' } };
  },
  '/v1/workflow-definitions': async () => {
    const { body: shown } = await product.client.get('/v1/workflow-definitions/email-campaign');
    const { source: _source, createdAt: _createdAt, ...definition } = shown as Record<string, unknown>;
    const body = { ...definition, name: 'idempotent-campaign', version: ++versions };
    return { path: '/v1/workflow-definitions', body, other: { ...body, version: versions + 100 } };
  },
  '/v1/workflows': async () => {
    const sessionId = await openSession(product.client);
    return { path: '/v1/workflows', body: campaignOf(sessionId), other: campaignOf(sessionId, 3) };
  },
  '/v1/policies': async () => ({
    path: '/v1/policies',
    body: { policies: {} },
    other: { policies: {}, settings: { maxRecipients: 7 } },
  }),
  '/v1/audit/exports': async () => ({ path: '/v1/audit/exports', body: {}, other: { checkpoints: true } }),
  '/v1/audit/holds': async () => {
    const body = { scope: 'tenant', reference: 'case 1' };
    return { path: '/v1/audit/holds', body, other: { ...body, reference: 'case 2' } };
  },
  '/v1/workflows/{id}/cancel': async () => {
    const id = (await startCampaign(product.client)).body.id as string;
    return { path: `/v1/workflows/${id}/cancel`, body: undefined, other: {} };
  },
  '/v1/workflows/{id}/signals': async () => {
    const wait = { wait: { signal: { name: 'papers', timeoutSeconds: 3_600 } } };
    const definition = await defineWorkflow(product.client, { GENERATION: { agents: [wait] } });
    const id = await startSmall(product.client, definition);
    const body = { name: 'papers', payload: { complete: true } };
    return { path: `/v1/workflows/${id}/signals`, body, other: { ...body, payload: { complete: false } } };
  },
  '/v1/workflows/{id}/retry': async () => {
    const id = await campaignInReview(product.client);
    await product.database.force(
      `update workflow_run set status = 'FAILED', completed_at = now() where id = $1`,
      [id],
    );
    return { path: `/v1/workflows/${id}/retry`, body: undefined, other: {} };
  },
  '/v1/workflows/{id}/fork': async () => {
    const id = await campaignInReview(product.client);
    return {
      path: `/v1/workflows/${id}/fork`,
      body: { fromPhase: 'GENERATION' },
      other: { fromPhase: 'REVIEW' },
    };
  },
  '/v1/workflows/{id}/approvals': async () => {
    const id = await campaignInReview(product.client);
    return {
      path: `/v1/workflows/${id}/approvals`,
      body: { decision: 'approve' },
      other: { decision: 'reject' },
    };
  },
  '/v1/approvals/{id}/delegations': async () => {
    const runId = await campaignInReview(product.client, { key: (await product.makeKey('operator')).key });
    const approvals = await product.client.get(`/v1/workflows/${runId}/approvals`);
    const [one, other] = await Promise.all([product.makeKey('reviewer'), product.makeKey('reviewer')]);
    return {
      path: `/v1/approvals/${approvals.body.items[0].id as string}/delegations`,
      body: { toActorId: one.id },
      other: { toActorId: other.id },
    };
  },
  '/v1/schedules': async () => {
    const body = await scheduleBody(product);
    return { path: '/v1/schedules', body, other: { ...body, cron: '0 0 2 1 *' } };
  },
  '/v1/schedules/{id}/trigger': async () => {
    const { id } = await makeSchedule(product);
    return { path: `/v1/schedules/${id}/trigger`, body: {}, other: { overlap: 'allow' } };
  },
  '/v1/schedules/{id}/backfill': async () => {
    const { id } = await makeSchedule(product);
    const body = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T12:00:00Z' };
    return { path: `/v1/schedules/${id}/backfill`, body, other: { ...body, overlap: 'skip' } };
  },
  '/v1/webhooks': async () => ({
    path: '/v1/webhooks',
    body: HOOK,
    other: { ...HOOK, description: 'other' },
  }),
  '/v1/webhooks/{id}/secrets': async () => {
    const path = `/v1/webhooks/${await makeWebhook()}/secrets`;
    return { path, body: {}, other: { overlapSeconds: 60 } };
  },
  '/v1/webhooks/{id}/test': async () => {
    return { path: `/v1/webhooks/${await makeWebhook()}/test`, body: undefined, other: {} };
  },
  '/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver': async () => {
    const path = `/v1/webhooks/${await makeWebhook()}`;
    const { id } = (await product.client.post(`${path}/test`)).body as { id: string };
    // Not while it is being sent: what has failed for good is what people send again.
    const attempts = async () => {
      const { items } = (await product.client.get(`${path}/deliveries`)).body as {
        items: { attempts: object[] }[];
      };
      return items[0]?.attempts.length;
    };
    await expect.poll(attempts, { timeout: 30_000 }).toBeGreaterThan(0);
    await product.database.force(
      `update webhook_delivery set status = 'failed', next_attempt_at = null, settled_at = now() where id = $1`,
      [id],
    );
    return { path: `${path}/deliveries/${id}/redeliver`, body: undefined, other: {} };
  },
};

/** Nothing listens there. */
const HOOK = { url: 'https://127.0.0.1:9/hook', eventTypes: ['*'] };

async function makeWebhook(): Promise<string> {
  const { status, text, body } = await product.client.post('/v1/webhooks', HOOK);
  expect(status, text).toBe(201);
  return body.id as string;
}

/** Takes its body as a stream, and keeps its key with its batch: `bulk.spec.ts`. */
const IN_ITS_OWN_WAY = ['/v1/workflows/bulk'];

const CREATE_NOTHING = [
  '/v1/audit/verify',
  // Goes on under a new name once; a second time there is nothing to go on from.
  '/v1/audit/epochs',
  // Makes a key that nobody is told: asked for again it is another one.
  '/v1/audit/instance/keys',
  '/v1/policies/validate',
  '/v1/policies/replay',
  '/v1/policies/{version}/replay',
  // Make hold what exists.
  '/v1/policies/rollback',
  '/v1/policies/{version}/activate',
  // Settles what exists; a second time it is refused.
  '/v1/deliveries/{id}/settle',
  '/v1/pii/detect',
  '/v1/pii/redact',
  '/v1/pii/reveal',
  '/v1/schedules/preview',
  // Stops what exists; a second time there is nothing left to stop.
  '/v1/subjects/{subject}/withdrawals',
  '/v1/workflows/bulk/{batchId}/cancel',
];

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

describe('every POST that creates', () => {
  let posts: Map<string, Operation>;

  beforeAll(async () => {
    const { paths } = (await product.client.get('/openapi.json')).body as {
      paths: Record<string, { post?: Operation }>;
    };
    posts = new Map(Object.entries(paths).flatMap(([path, { post }]) => (post ? [[path, post]] : [])));
  });

  it('is known here', () => {
    expect([...posts.keys()].toSorted()).toEqual(
      [...Object.keys(CREATIONS), ...IN_ITS_OWN_WAY, ...CREATE_NOTHING].toSorted(),
    );
  });

  it.each([...Object.keys(CREATIONS), ...IN_ITS_OWN_WAY])('declares the header: %s', (path) => {
    expect(posts.get(path)?.parameters).toContainEqual(
      expect.objectContaining({ in: 'header', name: 'Idempotency-Key', required: false }),
    );
  });

  it.each(Object.entries(CREATIONS))('gives a repetition the first answer: %s', async (template, prepare) => {
    const { path, body, other } = await prepare();
    const send = (sent: unknown) =>
      product.client.post(path, sent, keyed(`every ${template}`.replaceAll(' ', '-')));
    const first: TestAnswer = await send(body);
    expect(first.status, first.text).toBeLessThan(300);
    expect(first.headers.has('idempotent-replay')).toBe(false);
    const again = await send(body);
    expect([again.status, again.headers.get('idempotent-replay'), again.body]).toEqual([
      first.status,
      'true',
      first.body,
    ]);
    expectProblem(await send(other), 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  it.each(Object.entries(CREATIONS))(
    'keeps its answer in the transaction of its work: %s',
    async (_path, prepare) => {
      const { path, body } = await prepare();
      const key = `transaction-${path}`;
      expect((await product.client.post(path, body, keyed(key))).status).toBeLessThan(300);
      // Every change has its audit record, so the transaction that wrote the key wrote one of those too.
      const [row] = await product.database.query<{ audited: boolean }>(
        `select exists (select from audit_event where xmin = key.xmin) as audited
         from idempotency_key key order by created_at desc limit 1`,
      );
      expect(row).toEqual({ audited: true });
    },
  );
});
