import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRIEF, openSession, recipients, SENDER } from '../harness/campaign.js';
import { startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';
import { RunReader } from '../harness/run-reader.js';

const COUNT = 23;

/** Runs of the list, oldest first. */
const ids: string[] = [];
const owners = { admin: '', operator: '' };
/** Of the administrator and of the operator. */
const sessions: { readonly id: string; readonly key: string | undefined }[] = [];
let product: Product;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  const { client } = product;
  const operator = await product.makeKey('operator');
  owners.admin = (await client.get('/v1/me')).body.id as string;
  owners.operator = operator.id;
  for (const key of [undefined, operator.key]) sessions.push({ id: await openSession(client, key), key });
  // The first two are driven as far as they go; no worker takes up the others.
  const worker = await startInstance(product, { COUNTERSIGN_ROLE: 'worker' });
  const reader = new RunReader(client);
  for (const index of [0, 1]) {
    await start(index);
    await reader.untilWaiting(ids[index] ?? '');
  }
  await worker.close();
  for (let index = 2; index < COUNT; index++) await start(index);
  await client.post(`/v1/workflows/${ids[2]}/cancel`);
});
afterAll(() => product.close());

/** Starts the run of this index: every fifth is the operator's. */
async function start(index: number): Promise<void> {
  const session = sessions[index % 5 === 0 ? 1 : 0];
  const body = {
    definition: 'email-campaign',
    sessionId: session?.id,
    input: { brief: BRIEF, sender: SENDER, recipients: recipients(1) },
    attributes: { batch: index < 10 ? 'early' : 'late', parity: String(index % 2) },
  };
  const answer = await product.client.post('/v1/workflows', body, { key: session?.key });
  expect(answer.status, answer.text).toBe(202);
  ids.push(answer.body.id as string);
}

/** Ids of all pages from a cursor on, in the order they came. */
async function listed(query: string, from = ''): Promise<string[]> {
  const seen: string[] = [];
  for (let cursor: string | null = from; cursor !== null;) {
    const { status, body, text } = await product.client.get(
      `/v1/workflows?${query}${cursor && `&cursor=${cursor}`}`,
    );
    expect(status, text).toBe(200);
    seen.push(...(body.items as { id: string }[]).map((run) => run.id));
    cursor = body.nextCursor as string | null;
  }
  return seen;
}
const newest = (wanted: (index: number) => boolean) => ids.filter((_, index) => wanted(index)).toReversed();

describe('the list of runs', () => {
  it.each([1, 4, 22, 23, 24, 200])('shows each run once, newest first, in pages of %i', async (limit) => {
    expect(await listed(`limit=${limit}`)).toEqual(newest(() => true));
  });

  it.each<[string, (index: number) => boolean]>([
    ['status=QUEUED', (index) => index > 2],
    ['status=CANCELLED', (index) => index === 2],
    ['status=COMPLETED', () => false],
    ['status=CANCELLED,WAITING_FOR_APPROVAL', (index) => index <= 2],
    ['status=CANCELLED&status=WAITING_FOR_APPROVAL', (index) => index <= 2],
    ['status=CANCELLED,CANCELLED', (index) => index === 2],
    ['definition=email-campaign&version=1', () => true],
    ['definition=email-campaign&version=2', () => false],
    ['degraded=false', () => true],
    ['degraded=true', () => false],
    ['completedAfter=2020-01-01', (index) => index === 2],
    ['completedBefore=2020-01-01', () => false],
    ['updatedAfter=2020-01-01&updatedBefore=2200-01-01T00:00:00Z', () => true],
    ['phase=REVIEW', (index) => index < 2],
    ['phase=INITIALIZATION&status=QUEUED', (index) => index > 2],
    ['definition=email-campaign', () => true],
    ['definition=another', () => false],
    ['attribute.batch=early', (index) => index < 10],
    ['attribute.batch=early&attribute.parity=1', (index) => index < 10 && index % 2 === 1],
    ['attribute.batch=ear', () => false],
    ['attribute.nothing=1', () => false],
  ])('shows exactly what fits %s', async (query, wanted) => {
    expect(await listed(`limit=3&${query}`)).toEqual(newest(wanted));
  });

  it('shows the oldest first when asked to', async () => {
    expect(await listed('limit=4&order=asc')).toEqual(ids);
    expect(await listed('limit=2&order=asc&status=CANCELLED,WAITING_FOR_APPROVAL')).toEqual(ids.slice(0, 3));
  });

  it('shows exactly the runs of a session', async () => {
    expect(await listed(`limit=3&sessionId=${sessions[1]?.id}`)).toEqual(newest((index) => index % 5 === 0));
  });

  it('refuses the cursor of another list, and takes its own with another limit', async () => {
    const { client } = product;
    const { body } = await client.get(
      '/v1/workflows?limit=2&status=QUEUED&attribute.parity=1&attribute.batch=late',
    );
    const from = (query: string) => client.get(`/v1/workflows?${query}&cursor=${body.nextCursor}`);
    expect((await from('limit=9&attribute.batch=late&status=QUEUED&attribute.parity=1')).status).toBe(200);
    for (const query of [
      'limit=2',
      'status=QUEUED&attribute.parity=1&attribute.batch=late&order=asc',
      'status=QUEUED&attribute.parity=0&attribute.batch=late',
      'status=QUEUED,RUNNING&attribute.parity=1&attribute.batch=late',
    ]) {
      expect(await from(query), query).toMatchObject({ status: 400, body: { code: 'INVALID_CURSOR' } });
    }
  });

  it.each([
    'status=',
    'status=OPEN',
    'status=QUEUED,OPEN',
    'order=up',
    'version=1',
    'version=x&definition=a',
    'version=0&definition=a',
    'degraded=yes',
    'sessionId=1',
    'completedAfter=yesterday',
    'updatedBefore=2030-01-01T00:00',
    'owner=x',
    'order=asc&order=desc',
    Array.from({ length: 11 }, (_, index) => `attribute.a${index}=1`).join('&'),
  ])('refuses %s', async (query) => {
    const { status, body } = await product.client.get(`/v1/workflows?${query}`);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('shows exactly the runs of an owner', async () => {
    expect(await listed(`limit=3&ownerId=${owners.operator}`)).toEqual(newest((index) => index % 5 === 0));
    expect(await listed(`limit=3&ownerId=${owners.admin}&attribute.batch=late`)).toEqual(
      newest((index) => index % 5 !== 0 && index >= 10),
    );
  });

  it('shows exactly the runs of a time', async () => {
    const { createdAt } = (await product.client.get(`/v1/workflows/${ids[12]}`)).body as {
      createdAt: string;
    };
    const created = await product.database.query<{ id: string; created_at: Date }>(
      'select id, created_at from workflow_run',
    );
    const at = (index: number) => created.find((row) => row.id === ids[index])?.created_at.getTime() ?? 0;
    const moment = Date.parse(createdAt);
    expect(await listed(`limit=3&createdAfter=${createdAt}`)).toEqual(newest((index) => at(index) > moment));
    expect(await listed(`limit=3&createdBefore=${createdAt}`)).toEqual(newest((index) => at(index) < moment));
    expect(await listed(`createdAfter=${createdAt}&createdBefore=${createdAt}`)).toEqual([]);
    const [from, to] = [new Date(at(3)).toISOString(), new Date(at(20)).toISOString()];
    expect(await listed(`limit=3&createdAfter=${from}&createdBefore=${to}`)).toEqual(
      newest((index) => at(index) > at(3) && at(index) < at(20)),
    );
  });

  it('does not lose or repeat a run because a new one is started while it is read', async () => {
    const page = await product.client.get('/v1/workflows?limit=5');
    await start(COUNT);
    const rest = await listed('limit=5', page.body.nextCursor as string);
    const seen = [...(page.body.items as { id: string }[]).map((run) => run.id), ...rest];
    expect(seen).toEqual(newest((index) => index < COUNT));
  });
});
