import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CanarySearch } from '../harness/canaries.js';
import { untilEnded } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient, type TestAnswer } from '../harness/http-client.js';
import {
  answersAbout,
  answersAboutTheRest,
  databaseDump,
  dataFiles,
  textOf,
} from '../harness/leak-places.js';
import { makeMistakes, misplacedData } from '../harness/misplaced-data.js';
import { honestAnswer, MODEL_WORDS, ModelServer } from '../harness/model-server.js';
import { canariesOf, PEOPLE, PERSONAL_BRIEF, PERSONAL_SENDER } from '../harness/personal-campaign.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';
import { INVENTED, misbehave } from '../harness/wild-model.js';

const [WILHELMINA] = PEOPLE;
const METADATA = {
  bookedBy: PERSONAL_SENDER.name,
  about: { [WILHELMINA.name]: WILHELMINA.attributes.phone },
};
const IDEMPOTENCY_KEY = `${WILHELMINA.email}/renewal`;

const personal = new CanarySearch([...PEOPLE, PERSONAL_SENDER].flatMap(canariesOf));
const invented = new CanarySearch(INVENTED);

/** A server started by hand, two campaigns with personal data, every mistake a caller can make, and what is left. */
describe('personal data', () => {
  let database: TestDatabase;
  let dataDir: string;
  let models: ModelServer;
  let server: ServerProcess;
  let client: HttpClient;
  let sessionId: string;
  let calm: string;
  let wild: string;
  let mistakes: [string, TestAnswer][];
  let ownView: TestAnswer;
  let otherView: TestAnswer;
  let exitCode: number | null;
  const places: Record<string, string> = {};

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'countersign-leak-'));
    models = await ModelServer.start((call) => ({ content: JSON.stringify(honestAnswer(call)) }));
    server = await ServerProcess.start({
      ...productEnv(database.url, dataDir),
      COUNTERSIGN_LOG_LEVEL: 'debug',
      COUNTERSIGN__LLM__PROVIDER: 'openai-compatible',
      COUNTERSIGN__LLM__BASE_URL: models.url,
      COUNTERSIGN__LLM__MODEL: 'mock-1',
      COUNTERSIGN__LLM__API_KEY: 'sk-model-server-key',
      COUNTERSIGN__ERROR_RECOVERY__RETRY_BASE_MS: '1',
      COUNTERSIGN__ERROR_RECOVERY__MAX_ATTEMPTS: '2',
      COUNTERSIGN__ERROR_RECOVERY__FAILURE_THRESHOLD: '1000',
    });
    client = new HttpClient(server.address, ADMIN_KEY);
    sessionId = await openPersonalSession();
    calm = await runCalmCampaign();
    models.reply = misbehave;
    wild = await runWildCampaign();
    mistakes = await makeMistakes(client, misplacedData(sessionId, calm));

    ownView = await client.get(`/v1/sessions/${sessionId}`);
    const { body: other } = await client.post('/v1/api-keys', {
      name: 'another administrator',
      roles: ['admin'],
    });
    otherView = await client.get(`/v1/sessions/${sessionId}`, { key: other.key as string });

    for (const id of [calm, wild]) {
      for (const [place, text] of Object.entries(await answersAbout(client, id)))
        places[`${place} (${id === calm ? 'calm' : 'wild'})`] = text;
    }
    Object.assign(places, await answersAboutTheRest(client));
    exitCode = await server.end('SIGTERM');
    places['log'] = server.output();
    places['answers to mistakes'] = mistakes.map(([what, answer]) => `${what}: ${textOf(answer)}`).join('\n');
    places['requests to the model'] = models.received.join('\n');
    places['data directory'] = await dataFiles(dataDir);
    Object.assign(places, await databaseDump(database));
  });

  afterAll(async () => {
    await server?.end('SIGKILL');
    await models?.close();
    await database?.close();
    if (dataDir) await rm(dataDir, { recursive: true, force: true });
  });

  async function openPersonalSession(): Promise<string> {
    const consents = PEOPLE.map(({ email }) => ({
      subject: email,
      purpose: 'email-campaign',
      lawfulBasis: 'consent',
      granted: true,
    }));
    const answer = await client.post('/v1/sessions', { consents, metadata: METADATA });
    expect(answer.status, answer.text).toBe(201);
    return answer.body.id as string;
  }

  async function start(key: string): Promise<string> {
    const input = { brief: PERSONAL_BRIEF, sender: PERSONAL_SENDER, recipients: PEOPLE };
    const body = { definition: 'email-campaign', sessionId, input, attributes: { batch: 'spring-7' } };
    const answer = await client.post('/v1/workflows', body, { headers: { 'idempotency-key': key } });
    expect(answer.status, answer.text).toBe(202);
    return answer.body.id as string;
  }

  async function waitForReview(id: string): Promise<void> {
    const { body } = await client.until(
      `/v1/workflows/${id}`,
      ({ body: run }) => !['QUEUED', 'RUNNING'].includes(run.status),
    );
    expect(body.status, JSON.stringify(body.contextData)).toBe('WAITING_FOR_APPROVAL');
  }

  async function decide(id: string, decision: object): Promise<void> {
    const answer = await client.post(`/v1/workflows/${id}/approvals`, decision);
    expect(answer.status, answer.text).toBe(201);
  }

  /** With a comment and an edit that name people. */
  async function runCalmCampaign(): Promise<string> {
    const id = await start(IDEMPOTENCY_KEY);
    expect(await start(IDEMPOTENCY_KEY)).toBe(id);
    await waitForReview(id);
    const { name, attributes } = WILHELMINA;
    const comment = `Greet ${name} more warmly, or ring her first: ${attributes.phone}. Wilhelmina has asked twice.`;
    await decide(id, { decision: 'request_changes', comment });
    await waitForReview(id);
    const body = `Dear ${name},\n\nWe have ${attributes.phone} as your number.\n\n${PERSONAL_SENDER.name}`;
    await decide(id, {
      decision: 'approve',
      edits: { emails: [{ index: 0, subject: 'For Wilhelmina', body }] },
    });
    expect((await untilEnded(client, id)).status).toBe('COMPLETED');
    return id;
  }

  async function runWildCampaign(): Promise<string> {
    const id = await start(`wild ${WILHELMINA.name}`.replaceAll(' ', '-'));
    await waitForReview(id);
    await decide(id, { decision: 'approve' });
    expect((await untilEnded(client, id)).status).toBe('COMPLETED');
    return id;
  }

  async function delivered(runId: string): Promise<Email[]> {
    const folder = join(dataDir, 'outbox', runId);
    const files = (await readdir(folder)).sort((one, two) => parseInt(one) - parseInt(two));
    return Promise.all(files.map(async (file) => PostalMime.parse(await readFile(join(folder, file)))));
  }

  it('is looked for where the run really is', () => {
    expect(exitCode).toBe(0);
    expect(places['log']).toContain('"event":"http.request"');
    expect(places['requests to the model']).toMatch(/⟦GIVEN_NAME_1⟧.*⟦PHONE_1⟧/s);
    expect(places['GET /v1/workflows/:id (calm)']).toContain('⟦EMAIL_6⟧');
    expect(places['GET /v1/workflows/:id/history?limit=200 (calm)']).toContain(MODEL_WORDS);
    expect(places['GET /v1/workflows/:id/events (calm)']).toContain('event: workflow.completed');
    expect(places['GET /v1/workflows/:id/artifacts (calm)']).toContain(MODEL_WORDS);
    expect(places['GET /v1/audit/events?limit=200&workflowId=:id (calm)']).toContain('"approval.decided"');
    expect(places['table public.content']).toContain('⟦PERSON_1⟧');
    expect(
      Object.entries(places)
        .filter(([place]) => place.startsWith('table public.audit_event'))
        .join(),
    ).toContain(calm);
    expect(places['table pgboss.job'] ?? Object.keys(places).join()).toMatch(/workflow\.drive|pgboss/);
  });

  it('of recipients and sender is nowhere in what is logged, answered, stored or sent to the model', () => {
    const found = Object.entries(places).flatMap(([place, text]) =>
      personal.findIn(text).map((finding) => `${place}: ${finding}`),
    );
    expect(found).toEqual([]);
  });

  it('that the model made up is nowhere either', () => {
    const found = Object.entries(places).flatMap(([place, text]) =>
      invented.findIn(text).map((finding) => `${place}: ${finding}`),
    );
    expect(found).toEqual([]);
  });

  it('in the wrong place is refused as a fault of the caller', () => {
    const wrong = mistakes.filter(([, { status }]) => status < 400 || status >= 500);
    expect(wrong.map(([what, { status, text }]) => `${what}: ${status} ${text}`)).toEqual([]);
    for (const [what, { headers, body }] of mistakes)
      expect(headers.get('x-request-id'), what).toBe(body.requestId);
  });

  it('stands in the messages that people receive', async () => {
    const messages = await delivered(calm);
    expect(messages).toHaveLength(PEOPLE.length);
    for (const [index, { name, email, attributes }] of PEOPLE.entries()) {
      const message = messages[index];
      expect(message?.to).toEqual([{ name, address: email }]);
      expect(message?.from).toEqual({ name: PERSONAL_SENDER.name, address: PERSONAL_SENDER.email });
      for (const value of [name, attributes.phone, PERSONAL_SENDER.name])
        expect(message?.text).toContain(value);
    }
    expect(messages[0]?.subject).toBe('For Wilhelmina');
    expect(messages[1]?.subject).toBe('Your plan, Bartholomew');
    expect(messages.map(({ text }) => text).join()).not.toMatch(/[⟦⟧]/);
  });

  it('of others stands in no message, except what the brief says to everybody', async () => {
    const told = JSON.stringify(PERSONAL_BRIEF);
    for (const runId of [calm, wild]) {
      for (const [index, message] of (await delivered(runId)).entries()) {
        const others = PEOPLE.filter((_person, other) => other !== index).flatMap(canariesOf);
        const untold = others.filter(({ value }) => !told.includes(value));
        expect(new CanarySearch(untold).findIn(`${message.subject}\n${message.text}`)).toEqual([]);
      }
    }
  });

  it('that the model made up reaches whom it was written to, and answers that cannot be used reach nobody', async () => {
    const texts = (await delivered(wild)).map(({ text = '' }) => text);
    expect(texts).toHaveLength(PEOPLE.length);
    expect(texts.map((text) => text.includes(MODEL_WORDS))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(texts.map((text) => invented.findIn(text).length > 0)).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('of a session is shown to its owner only', () => {
    expect(ownView.body).toMatchObject({
      metadata: METADATA,
      consents: PEOPLE.map(({ email }) => ({ subject: email })),
    });
    expect(otherView.status).toBe(404);
    expect(personal.findIn(textOf(otherView))).toEqual([]);
  });
});
