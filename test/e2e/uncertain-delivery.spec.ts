import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient, type TestAnswer } from '../harness/http-client.js';
import { MailServer, type MailTreatment } from '../harness/mail-server.js';
import { expectProblem } from '../harness/problem.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';

/** Nobody hears of a message to this address. */
const SILENT = 'recipient.1@example.com';
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
    // One message after the other, so that a kill meets exactly one.
    COUNTERSIGN__DELIVERY__CONCURRENCY: '1',
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
    expect(mails.map(({ recipient }) => recipient)).toEqual(people.map(({ email }) => email));
    for (const [index, { mail }] of mails.entries()) {
      const person = people[index];
      expect(mail.to).toEqual([{ name: person?.name, address: person?.email }]);
      expect(mail.from).toEqual({ name: SENDER.name, address: SENDER.email });
      expect(mail.text).toContain(person?.name.split(' ')[0]);
      expect(`${mail.subject}${mail.text}`).not.toMatch(/[⟦⟧]/);
      for (const other of people) {
        if (other !== person) expect(mail.text).not.toContain(other.name);
      }
    }
    const messageIds = (await deliveriesOf(id)).map(({ messageId }) => messageId);
    expect(mails.map(({ mail }) => mail.messageId)).toEqual(messageIds);
    expect(new Set(messageIds).size).toBe(4);
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

describe('a message whose worker is killed while the mail server owes its answer', () => {
  /** Three runs, each with one such message. */
  let runs: string[];
  let uncertain: Delivery[];
  let handedOver: (string | undefined)[];

  beforeAll(async () => {
    const already = mailServer.to(SILENT).length;
    treatments.set(SILENT, 'never-answer');
    runs = await Promise.all([approvedCampaign(), approvedCampaign(), approvedCampaign()]);
    handedOver = (await mailServer.until(SILENT, already + 3))
      .slice(already)
      .map(({ mail }) => mail.messageId);
    await worker.end('SIGKILL');
    treatments.delete(SILENT);
    worker = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'worker' });
    uncertain = [];
    for (const id of runs) {
      await client.until(
        `/v1/workflows/${id}/deliveries`,
        ({ body }) => (body.items as Delivery[]).map(({ status }) => status).join() === 'sent,uncertain,sent',
      );
      uncertain.push(...(await deliveriesOf(id, 'uncertain')));
    }
  }, 120_000);

  const copiesOf = ({ messageId }: Delivery): number =>
    mailServer.received.filter(({ mail }) => mail.messageId === messageId).length;

  it('is uncertain, and is not sent a second time', () => {
    expect(uncertain).toMatchObject(
      runs.map((runId) => ({ runId, index: 1, status: 'uncertain', attempts: 1 })),
    );
    expect(uncertain.map(({ messageId }) => messageId).sort()).toEqual([...handedOver].sort());
    expect(uncertain.map(copiesOf)).toEqual([1, 1, 1]);
  });

  it('keeps its run waiting until a person has settled it', async () => {
    for (const id of runs) {
      const { body } = await client.get(`/v1/workflows/${id}`);
      expect(body).toMatchObject({ status: 'RUNNING', phase: 'DELIVERY', completedAt: null });
    }
  });

  it.each([
    { outcome: 'delivered', becomes: 'sent', output: { sent: 3, failed: 0 }, copies: 1 },
    { outcome: 'failed', becomes: 'failed', output: { sent: 2, failed: 1 }, copies: 1 },
    { outcome: 'resend', becomes: 'sent', output: { sent: 3, failed: 0 }, copies: 2 },
  ])('settled as $outcome becomes $becomes, and its run completes', async (expected) => {
    const delivery = uncertain.shift();
    const runId = runs.shift();
    if (!delivery || !runId) throw new Error('there is no uncertain delivery left');
    const settled = await settle(delivery.id, expected.outcome);
    expect(settled.status, settled.text).toBe(200);
    expect(await untilEnded(client, runId)).toMatchObject({ status: 'COMPLETED', output: expected.output });
    expect(await deliveriesOf(runId)).toMatchObject([
      { status: 'sent' },
      // A message that is sent again is the same message.
      { status: expected.becomes, messageId: delivery.messageId },
      { status: 'sent' },
    ]);
    expect(copiesOf(delivery)).toBe(expected.copies);
    expectProblem(await settle(delivery.id, expected.outcome), 409, 'DELIVERY_NOT_UNCERTAIN');
    expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });
});
