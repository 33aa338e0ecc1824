import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, recipients, startCampaign, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { MailServer } from '../harness/mail-server.js';
import { modelEnv } from '../harness/model-env.js';
import { honestAnswer, ModelServer } from '../harness/model-server.js';
import { type Product, startProduct } from '../harness/product.js';
import { RunReader } from '../harness/run-reader.js';
import { WebhookReceiver } from '../harness/webhook-receiver.js';

let models: ModelServer;
let mails: MailServer;
let receiver: WebhookReceiver;
let env: Record<string, string>;
let product: Product;
let reader: RunReader;

beforeAll(async () => {
  models = await ModelServer.start((call) => ({ content: JSON.stringify(honestAnswer(call)) }));
  mails = await MailServer.start(new Map());
  receiver = await new WebhookReceiver().listen();
  env = {
    ...modelEnv(models.url),
    COUNTERSIGN__DELIVERY__SMTP_URL: mails.url,
    COUNTERSIGN__WEBHOOKS__ALLOW_HTTP: 'true',
    COUNTERSIGN__WEBHOOKS__ALLOW_PRIVATE_ADDRESSES: 'true',
    COUNTERSIGN__WEBHOOKS__POLL_MS: '50',
  };
  product = await startProduct(env);
  reader = new RunReader(product.client);
});
afterAll(async () => {
  await product.close();
  await models.close();
  await mails.close();
  await receiver.close();
});
afterEach(() => turn(false));

const turn = (enabled: boolean, parts: object = {}, key?: string) =>
  product.client.put('/v1/safe-mode', { enabled, reason: 'A drill', ...parts }, { key });

const bySmtp = { input: { delivery: { channel: 'smtp' } } };

describe('safe mode', () => {
  it('is off, is turned on and off by who may, and each change is on record', async () => {
    expect((await product.client.get('/v1/safe-mode')).body).toEqual({
      enabled: false,
      reason: null,
      causes: [],
    });
    const { status, body } = await turn(true, { reason: 'Key leaked, says alice@example.com' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      enabled: true,
      causes: [{ source: 'instance', since: expect.any(String) }],
    });
    expect(body.reason).not.toContain('alice@example.com');
    await turn(true);
    expect((await turn(false)).body).toMatchObject({ enabled: false });
    const { body: recorded } = await product.client.get('/v1/audit/events?type=safe_mode.changed');
    expect(recorded.items).toHaveLength(2);
  });

  it('is refused to who may not turn it, and to what is no switch', async () => {
    const { key } = await product.makeKey('operator');
    expect((await turn(true, {}, key)).status).toBe(403);
    expect((await product.client.get('/v1/safe-mode', { key })).status).toBe(200);
    expect((await product.client.put('/v1/safe-mode', { enabled: 'on', reason: 'x' })).status).toBe(400);
    expect((await product.client.put('/v1/safe-mode', { enabled: true })).status).toBe(400);
    expect((await product.client.get('/v1/safe-mode', { key: 'cs_test_nobody-knows-this-key' })).status).toBe(
      401,
    );
  });

  it('keeps models, mails and webhooks inside, loses nothing, and lets all go when it is lifted', async () => {
    const { body: endpoint } = await product.client.post('/v1/webhooks', {
      url: receiver.urlOf('held'),
      eventTypes: ['*'],
    });
    expect(endpoint.id).toEqual(expect.any(String));
    await turn(true);
    const asked = models.calls.length;
    const id = await campaignInReview(product.client, bySmtp);
    const run = await reader.run(id);
    expect(run).toMatchObject({ status: 'WAITING_FOR_APPROVAL', degraded: true });
    expect(run.contextData.lastError).toMatchObject({ code: 'SAFE_MODE' });
    expect(models.calls).toHaveLength(asked);
    await reader.decide(id, { decision: 'approve' });
    await product.client.until(
      `/v1/audit/events?workflowId=${id}&type=delivery.held`,
      ({ body }) => body.items.length > 0,
    );
    const events = await product.database.query(
      `select type, data from workflow_event where run_id = $1 and type like 'delivery.%' order by seq`,
      [id],
    );
    expect(events).toEqual([{ type: 'delivery.held', data: { reason: 'safe_mode' } }]);
    // Let time come for what was put off, so that it is seen to be put off again.
    await product.database.query(
      `update pgboss.job set start_after = now() where name = 'delivery.deliver' and state = 'created'`,
    );
    expect((await reader.run(id)).status).toBe('RUNNING');
    expect(mails.received).toEqual([]);
    expect(receiver.at('held')).toEqual([]);
    const health = (await product.client.get('/health/detailed')).body;
    expect(health.components.safeMode).toMatchObject({ detail: expect.stringContaining('on') });

    await turn(false);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    expect(mails.received.map(({ recipient }) => recipient).toSorted()).toEqual(
      recipients(3)
        .map(({ email }) => email)
        .toSorted(),
    );
    await product.client.until(`/v1/webhooks/${endpoint.id as string}/deliveries`, () =>
      receiver.at('held').some(({ body }) => body.type === 'workflow.completed'),
    );
  });

  it('reaches a model call of every process within a second', async () => {
    const other: Instance = await startInstance(product, env);
    await turn(true);
    const changedAt = performance.now();
    await other.client.until('/v1/safe-mode', ({ body }) => body.enabled === true);
    expect(performance.now() - changedAt).toBeLessThan(1_000);
    await turn(false);
    await other.client.until('/v1/safe-mode', ({ body }) => body.enabled === false);
    await other.close();
  });

  it('of one tenant leaves the others alone, who cannot turn it for all', async () => {
    const { id: keyId, key } = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [OTHER_TENANT_ID, keyId]);
    expect((await turn(true, { scope: 'instance' }, key)).status).toBe(403);
    expect((await turn(true, {}, key)).body).toMatchObject({ enabled: true, causes: [{ source: 'tenant' }] });
    expect((await product.client.get('/v1/safe-mode')).body.enabled).toBe(false);
    const asked = models.calls.length;
    const id = await campaignInReview(product.client);
    expect((await reader.run(id)).degraded).toBe(false);
    expect(models.calls.length).toBeGreaterThan(asked);
    await turn(false, {}, key);
  });

  it('of the configuration stays on whatever the switch says', async () => {
    const configured = await startInstance(product, {
      ...env,
      COUNTERSIGN_ROLE: 'api',
      COUNTERSIGN__COMPLIANCE__SAFE_MODE: 'true',
    });
    const { body } = await configured.client.put('/v1/safe-mode', { enabled: false, reason: 'Off, please' });
    expect(body).toMatchObject({ enabled: true, causes: [{ source: 'configuration' }] });
    await configured.close();
  });

  it('is taken for on when the switches cannot be read', async () => {
    await product.database.query('alter table safe_mode rename to safe_mode_gone');
    await product.client.until('/v1/safe-mode', ({ body }) => body.enabled === true, 15_000);
    const asked = models.calls.length;
    const started = await startCampaign(product.client);
    await reader.untilWaiting(started.body.id);
    expect(models.calls).toHaveLength(asked);
    expect((await product.client.get('/v1/safe-mode')).body.causes).toEqual([
      { source: 'unknown', reason: null, since: null },
    ]);
    await product.database.query('alter table safe_mode_gone rename to safe_mode');
    await product.client.until('/v1/safe-mode', ({ body }) => body.enabled === false);
  });

  it('cannot be turned past the program without a record', async () => {
    await expect(
      product.database.query(
        `insert into safe_mode (tenant_id, scope, enabled, reason, changed_by, changed_at)
         select id, 'tenant', true, '', '', now() from tenant
         on conflict (tenant_id, scope) do update set enabled = true`,
      ),
    ).rejects.toMatchObject({ code: 'CS003' });
  });
});
