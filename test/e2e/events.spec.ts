import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, startCampaign, untilEnded } from '../harness/campaign.js';
import { EventStream, type StreamedEvent } from '../harness/event-stream.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { RunReader } from '../harness/run-reader.js';

let product: Product;
let second: Instance;
let reader: RunReader;

beforeAll(async () => {
  product = await startProduct();
  // Serves requests only: what its streams show was written by the other one.
  second = await startInstance(product, { COUNTERSIGN_ROLE: 'api' });
  reader = new RunReader(product.client);
});
afterAll(async () => {
  await second.close();
  await product.close();
});

const start = async () => (await startCampaign(product.client)).body.id as string;
const open = (id: string, after?: number) => EventStream.open(product.client.address, id, after);
const positions = (events: readonly StreamedEvent[]) => events.map((event) => event.id);
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const isRequest = (event: StreamedEvent) => event.event === 'approval.requested';

/** A run from start to end, with everything its stream has shown. */
async function followedRun(
  decision: string,
): Promise<{ id: string; events: readonly StreamedEvent[]; stream: EventStream }> {
  const id = await start();
  const stream = await open(id);
  await stream.until(isRequest);
  expect((await reader.decide(id, { decision })).status).toBe(201);
  return { id, events: await stream.untilEnd(), stream };
}

describe('the events of a run', () => {
  it('that go on after its end, as a delivery under way does when a run is cancelled, are all told before the stream ends', async () => {
    const { id, events } = await followedRun('reject');
    const last = events.length;
    await product.database.query(
      `insert into workflow_event (tenant_id, run_id, seq, type, data, created_at)
       select tenant_id, id, event_seq + 1, 'delivery.progress', '{"sent": 1}', now() from workflow_run where id = $1`,
      [id],
    );
    await product.database.query('update workflow_run set event_seq = event_seq + 1 where id = $1', [id]);
    expect(positions(await (await open(id)).untilEnd())).toEqual(numbers(1, last + 1));
    expect(positions(await (await open(id, last)).untilEnd())).toEqual([last + 1]);
  });

  it('tell everything in order, numbered without a gap, and end with the run', async () => {
    const { id, events, stream } = await followedRun('approve');
    expect(positions(events)).toEqual(numbers(1, events.length));
    expect(
      events
        .filter((event) => !event.event.startsWith('delivery.'))
        .map(({ event, data }) => [event, data['phase'] ?? data['decision'] ?? null]),
    ).toEqual([
      ['workflow.started', null],
      ['phase.entered', 'INITIALIZATION'],
      ['phase.entered', 'BATCH_DISCOVERY'],
      ['agent.started', 'BATCH_DISCOVERY'],
      ['agent.completed', 'BATCH_DISCOVERY'],
      ['phase.entered', 'STRATEGY_ANALYSIS'],
      ['agent.started', 'STRATEGY_ANALYSIS'],
      ['agent.completed', 'STRATEGY_ANALYSIS'],
      ['phase.entered', 'GENERATION'],
      ['agent.started', 'GENERATION'],
      ['agent.completed', 'GENERATION'],
      ['phase.entered', 'REVIEW'],
      ['agent.started', 'REVIEW'],
      ['agent.completed', 'REVIEW'],
      ['approval.requested', null],
      ['approval.recorded', 'approve'],
      ['phase.entered', 'DELIVERY'],
      ['workflow.completed', null],
    ]);
    expect(events.map((event) => event.event)).toEqual(
      expect.arrayContaining(['delivery.started', 'delivery.progress']),
    );
    for (const { data } of events) {
      expect(data).toMatchObject({ runId: id, at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
    }
    expect((await reader.run(id)).status).toBe('COMPLETED');
    expect(stream.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(stream.response.headers.get('cache-control')).toBe('no-store');
    expect(stream.response.headers.get('x-request-id')).toMatch(/^[\w.-]{8,}$/);
    expect(stream.comments[0]).toBe('open');
  });

  it('hold no personal data', async () => {
    const { events } = await followedRun('approve');
    expect(JSON.stringify(events)).not.toMatch(/@example|Willow Lane|202-555|Okafor/);
  });

  it('end with the word that says how the run ended', async () => {
    const { events } = await followedRun('reject');
    expect(events.at(-1)).toMatchObject({ event: 'workflow.rejected' });
    const id = await start();
    const stream = await open(id);
    await stream.until(isRequest);
    await product.client.post(`/v1/workflows/${id}/cancel`);
    expect((await stream.untilEnd()).at(-1)).toMatchObject({ event: 'workflow.cancelled' });
  });

  it('can be taken up after any position without a gap or a repetition', async () => {
    const { id, events } = await followedRun('approve');
    for (const [index] of events.slice(0, -1).entries()) {
      const resumed = await (await open(id, index)).untilEnd();
      expect(resumed).toEqual(events.slice(index));
    }
  });

  it('can be taken up in the middle of a run that goes on', async () => {
    const id = await start();
    const first = await open(id);
    // More may have come with it; a client that has not looked at that yet goes on behind this one.
    const { id: last } = await first.until((event) => event.event === 'agent.completed');
    first.leave();
    const next = await open(id, last);
    await next.until(isRequest);
    await reader.decide(id, { decision: 'approve' });
    const rest = await next.untilEnd();
    expect(positions(rest)).toEqual(numbers(last + 1, last + rest.length));
    expect(rest.at(-1)?.event).toBe('workflow.completed');
  });

  it('can be taken up at another instance, which shows the same as they happen', async () => {
    const id = await start();
    const here = await open(id);
    const { id: last } = await here.until((event) => event.event === 'phase.entered');
    here.leave();
    const there = await EventStream.open(second.client.address, id, last);
    await there.until(isRequest);
    // Decided there, delivered here.
    expect((await second.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' })).status).toBe(
      201,
    );
    const rest = await there.untilEnd();
    const all = await (await open(id)).untilEnd();
    expect([...here.events.slice(0, last), ...rest]).toEqual(all);
  });

  it('are shown alike to many who follow at once', async () => {
    const id = await start();
    const streams = await Promise.all([
      open(id),
      open(id),
      open(id),
      EventStream.open(second.client.address, id),
    ]);
    await Promise.all(streams.map((stream) => stream.until(isRequest)));
    await reader.decide(id, { decision: 'approve' });
    const [first, ...others] = await Promise.all(streams.map((stream) => stream.untilEnd()));
    for (const other of others) expect(other).toEqual(first);
  });

  it('have nothing more to say after the end, so that a client need not come back', async () => {
    const { id, events } = await followedRun('reject');
    const headers = { 'last-event-id': String(events.length) };
    const answer = await product.client.get(`/v1/workflows/${id}/events`, { headers });
    expect(answer.status).toBe(204);
    expectProblem(
      await product.client.get(`/v1/workflows/${id}/events`, {
        headers: { 'last-event-id': String(events.length + 1) },
      }),
      400,
      'VALIDATION_FAILED',
    );
  });
});

describe('a client that goes away', () => {
  it('does not stop the run it was watching', async () => {
    const id = await start();
    const stream = await open(id);
    await stream.until((event) => event.event === 'agent.started');
    stream.leave();
    expect(await reader.untilWaiting(id)).toMatchObject({ status: 'WAITING_FOR_APPROVAL' });
    await reader.decide(id, { decision: 'approve' });
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
  });

  it('is let go: a run that waits holds nothing for it', async () => {
    const id = await campaignInReview(product.client);
    const streams = await Promise.all(Array.from({ length: 20 }, () => open(id)));
    await Promise.all(streams.map((stream) => stream.until(isRequest)));
    for (const stream of streams) stream.leave();
    const server = product.app.getHttpServer();
    const connections = () =>
      new Promise<number>((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      );
    await expect.poll(connections, { timeout: 20_000 }).toBeLessThan(20);
    await reader.decide(id, { decision: 'reject' });
  });
});
