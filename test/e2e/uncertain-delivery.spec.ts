import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient, type TestAnswer } from '../harness/http-client.js';
import { MailServer, type MailTreatment, type ReceivedMail } from '../harness/mail-server.js';
import { expectProblem } from '../harness/problem.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';

/** Handed over together, three at a time: of these nobody hears again. */
const SILENT = ['recipient.0@example.com', 'recipient.1@example.com', 'recipient.2@example.com'];
const REFUSED = 'nobody@example.com';

interface Delivery {
  readonly id: string;
  readonly index: number;
  readonly messageId: string;
  readonly status: string;
  readonly attempts: number;
}

let database: TestDatabase;
let dataDir: string;
let mailServer: MailServer;
let client: HttpClient;
let env: Record<string, string>;
let api: ServerProcess;
let worker: ServerProcess;
const treatments = new Map<string, MailTreatment>([[REFUSED, 'refuse']]);

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-smtp-'));
  mailServer = await MailServer.start(treatments);
  env = {
    ...productEnv(database.url, dataDir),
    COUNTERSIGN__DELIVERY__SMTP_URL: mailServer.url,
    COUNTERSIGN__DELIVERY__CONCURRENCY: String(SILENT.length),
  };
  api = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'api' });
  worker = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'worker' });
  client = new HttpClient(api.address, ADMIN_KEY);
});

afterAll(async () => {
  await Promise.all([api?.end('SIGKILL'), worker?.end('SIGKILL')]);
  await mailServer?.close();
  await database?.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Starts a campaign by SMTP and approves it. */
async function approvedCampaign(people: object[] = recipients(3)): Promise<string> {
  const id = await campaignInReview(client, {
    input: { recipients: people, delivery: { channel: 'smtp' } },
  });
  const answer = await client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
  expect(answer.status, answer.text).toBe(201);
  return id;
}

const settle = (id: string, outcome: string): Promise<TestAnswer> =>
  client.post(`/v1/deliveries/${id}/settle`, { outcome });

async function deliveriesOf(runId: string, status = ''): Promise<Delivery[]> {
  const { body } = await client.get(`/v1/workflows/${runId}/deliveries${status && `?status=${status}`}`);
  return body.items as Delivery[];
}

describe('a campaign by SMTP', () => {
  it('hands every person their own message with real values', async () => {
    const people = recipients(4);
    const already = mailServer.received.length;
    const id = await approvedCampaign(people);
    expect(await untilEnded(client, id)).toMatchObject({
      status: 'COMPLETED',
      output: { sent: 4, failed: 0 },
    });
    const mails = mailServer.received.slice(already);
    expect(mails.map(({ recipient }) => recipient).sort()).toEqual(people.map(({ email }) => email));
    for (const { recipient, mail } of mails) {
      const person = people.find(({ email }) => email === recipient);
      expect(mail.to).toEqual([{ name: person?.name, address: person?.email }]);
      expect(mail.from).toEqual({ name: SENDER.name, address: SENDER.email });
      expect(mail.text).toContain(person?.name.split(' ')[0]);
      expect(`${mail.subject}${mail.text}`).not.toMatch(/[⟦⟧]/);
      for (const other of people.filter((one) => one !== person)) {
        expect(mail.text).not.toContain(other.name);
      }
    }
    const messageIds = (await deliveriesOf(id)).map(({ messageId }) => messageId);
    expect(new Set(mails.map(({ mail }) => mail.messageId))).toEqual(new Set(messageIds));
    expect(new Set(messageIds).size).toBe(4);
    expect(mails).toHaveLength(4);
  });

  it('goes on without a person whose mailbox does not exist', async () => {
    const [first, second, third] = recipients(3);
    const id = await approvedCampaign(
      [first, { ...second, email: REFUSED }, third].map((each) => each ?? {}),
    );
    expect(await untilEnded(client, id)).toMatchObject({
      status: 'COMPLETED',
      output: { sent: 2, failed: 1 },
    });
    expect(await deliveriesOf(id)).toMatchObject([
      { index: 0, status: 'sent' },
      { index: 1, status: 'failed', attempts: 1, detail: 'The mail server refused the message (550)' },
      { index: 2, status: 'sent' },
    ]);
    expect(mailServer.to(REFUSED)).toEqual([]);
  });
});

describe('messages whose worker is killed while the mail server owes its answer', () => {
  let runId: string;
  let uncertain: Delivery[];
  let handedOver: ReceivedMail[];

  beforeAll(async () => {
    const already = mailServer.received.length;
    for (const address of SILENT) treatments.set(address, 'never-answer');
    runId = await approvedCampaign(recipients(5));
    await mailServer.until(already + SILENT.length);
    handedOver = mailServer.received.slice(already);
    await worker.end('SIGKILL');
    treatments.clear();
    worker = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'worker' });
    await client.until(
      `/v1/workflows/${runId}/deliveries`,
      ({ body }) =>
        (body.items as Delivery[]).map(({ status }) => status).join() ===
        'uncertain,uncertain,uncertain,sent,sent',
      60_000,
    );
    uncertain = await deliveriesOf(runId, 'uncertain');
  }, 120_000);

  const copiesOf = ({ messageId }: Delivery): number =>
    mailServer.received.filter(({ mail }) => mail.messageId === messageId).length;

  it('are uncertain, and are not sent a second time', () => {
    expect(uncertain).toMatchObject([0, 1, 2].map((index) => ({ index, status: 'uncertain', attempts: 1 })));
    expect(handedOver.map(({ recipient }) => recipient).sort()).toEqual(SILENT);
    expect(new Set(handedOver.map(({ mail }) => mail.messageId))).toEqual(
      new Set(uncertain.map(({ messageId }) => messageId)),
    );
    expect(uncertain.map(copiesOf)).toEqual([1, 1, 1]);
  });

  it.each([
    { outcome: 'delivered', becomes: 'sent', copies: 1 },
    { outcome: 'failed', becomes: 'failed', copies: 1 },
    { outcome: 'resend', becomes: 'sent', copies: 2 },
  ])('keep their run waiting until each is settled; $outcome makes it $becomes', async (expected) => {
    expect((await client.get(`/v1/workflows/${runId}`)).body).toMatchObject({
      status: 'RUNNING',
      phase: 'DELIVERY',
      completedAt: null,
    });
    const delivery = uncertain.shift();
    if (!delivery) throw new Error('no uncertain delivery is left');
    const settled = await settle(delivery.id, expected.outcome);
    expect(settled.status, settled.text).toBe(200);
    await client.until(
      `/v1/workflows/${runId}/deliveries`,
      ({ body }) => (body.items as Delivery[])[delivery.index]?.status === expected.becomes,
    );
    // A message that is sent again is the same message.
    expect((await deliveriesOf(runId))[delivery.index]?.messageId).toBe(delivery.messageId);
    expect(copiesOf(delivery)).toBe(expected.copies);
    expectProblem(await settle(delivery.id, 'resend'), 409, 'DELIVERY_NOT_UNCERTAIN');
    expect(copiesOf(delivery)).toBe(expected.copies);
  });

  it('let their run complete when all of them are settled', async () => {
    expect(await untilEnded(client, runId)).toMatchObject({
      status: 'COMPLETED',
      output: { sent: 4, failed: 1 },
    });
    expect(await deliveriesOf(runId, 'uncertain')).toEqual([]);
    expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('have outcomes that name the record of the very attempt, whoever has found them out', async () => {
    const eventsOf = async (type: string) =>
      (await client.get(`/v1/audit/events?workflowId=${runId}&type=${type}&limit=200`)).body.items as {
        id: string;
        targets: unknown;
        detail: { attempt: number };
        links?: { intentId: string };
      }[];
    const intents = new Map((await eventsOf('delivery.sending')).map((intent) => [intent.id, intent]));
    const outcomes = await eventsOf('delivery.settled');
    // Five found out by the second worker and three told by a person, one of them sent again.
    expect(outcomes).toHaveLength(9);
    for (const { targets, detail, links } of outcomes) {
      expect(intents.get(links?.intentId ?? '')).toMatchObject({
        targets,
        detail: { attempt: detail.attempt },
      });
    }
    expect(new Set(outcomes.map(({ links }) => links?.intentId))).toEqual(new Set(intents.keys()));
  });
});
