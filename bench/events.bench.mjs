// Event streams: what a thousand open ones cost while nothing happens, and how soon an event reaches its client.
import http from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { campaign, openSession, withProduct } from './bench-product.mjs';

export const options = {
  streams: { type: 'string', default: '1000' },
  // Runs that the streams are spread over; each waits for an approval.
  runs: { type: 'string', default: '50' },
  seconds: { type: 'string', default: '20' },
  events: { type: 'string', default: '20' },
};

export function main(values) {
  return withProduct((product) => measure(product, values));
}

async function measure(product, values) {
  const streams = Number(values.streams);
  const seconds = Number(values.seconds);
  const runs = [];
  for (let left = Number(values.runs); left > 0; left -= 50) {
    runs.push(...(await Promise.all(Array.from({ length: Math.min(left, 50) }, () => waitingRun(product)))));
  }
  const alone = await load(product, seconds);

  const clients = Array.from(
    { length: streams },
    (_, index) => new Client(product, runs[index % runs.length]),
  );
  const agent = new http.Agent({ maxSockets: Infinity });
  for (const some of chunks(clients, 50)) await Promise.all(some.map((client) => client.open(agent)));
  await wait(2_000);
  const idle = await load(product, seconds);

  const elsewhere = await latencies(product, clients, runs, Number(values.events));
  const here = await decisionLatencies(product, clients, runs);
  for (const client of clients) client.leave();
  return {
    streams: `${streams} on ${runs.length} runs, one process`,
    'processor time per second without streams': `${alone.ms.toFixed(1)} ms`,
    'processor time per second, idle streams': `${idle.ms.toFixed(1)} ms`,
    'memory without / with streams': `${alone.megabytes.toFixed(0)} / ${idle.megabytes.toFixed(0)} MB`,
    'written elsewhere, commit to client P50 / P99': `${spread(elsewhere)} (${elsewhere.length} received)`,
    'decided here, request to client P50 / P99': `${spread(here)} (${here.length} received)`,
  };
}

/** A run in review, with the position of its last event. */
async function waitingRun(product) {
  const sessionId = await openSession(product);
  const { id } = await product.post('/v1/workflows', {
    definition: 'email-campaign',
    sessionId,
    input: campaign(1),
  });
  for await (const { event, id: seq } of product.events(`/v1/workflows/${id}/events`)) {
    if (event === 'approval.requested') return { id, last: Number(seq) };
  }
  throw new Error(`run ${id} does not wait`);
}

/** Processor time of the server while it is left alone, in milliseconds per second, and its memory. */
async function load(product, seconds) {
  const before = await gauges(product);
  await wait(seconds * 1_000);
  const after = await gauges(product);
  const used = after.process_cpu_seconds_total - before.process_cpu_seconds_total;
  return { ms: (used * 1_000) / seconds, megabytes: after.process_resident_memory_bytes / 2 ** 20 };
}

async function gauges(product) {
  const page = await (await fetch(new URL('/metrics', product.address))).text();
  const lines = page.matchAll(
    /^(process_cpu_seconds_total|process_resident_memory_bytes)(?:\{.*\})? (\S+)/gm,
  );
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
}

/** Events committed past the server, as another process would: it finds them by looking. */
async function latencies(product, clients, runs, count) {
  const all = [];
  for (let round = 0; round < count; round++) {
    const sent = new Map();
    for (const client of clients)
      client.onEvent = (at) => sent.has(client.run.id) && all.push(at - sent.get(client.run.id));
    for (const run of runs) {
      run.last += 1;
      await product.database.query(
        `with moved as (update workflow_run set event_seq = $2 where id = $1 returning tenant_id)
         insert into workflow_event (tenant_id, run_id, seq, type, data, created_at)
         select tenant_id, $1, $2, 'delivery.progress', '{"sent": 1}', now() from moved`,
        [run.id, run.last],
      );
      sent.set(run.id, performance.now());
    }
    await wait(500 + Math.random() * 200);
  }
  return all;
}

/** Decisions taken here: from sending one to its event at a client, the whole request included. */
async function decisionLatencies(product, clients, runs) {
  const all = [];
  const sent = new Map();
  for (const client of clients) client.onEvent = (at) => all.push(at - sent.get(client.run.id));
  for (const run of runs) {
    sent.set(run.id, performance.now());
    await product.post(`/v1/workflows/${run.id}/approvals`, { decision: 'reject' });
    await wait(50);
    // The first decision of a process compiles what the others only run.
    if (run === runs[0]) all.length = 0;
  }
  await wait(1_000);
  return all;
}

/** An event stream with as little client as possible, because it shares the machine with the server. */
class Client {
  onEvent = () => undefined;

  constructor(product, run) {
    this.product = product;
    this.run = run;
  }

  open(agent) {
    const headers = { authorization: `Bearer ${this.product.key}`, 'last-event-id': String(this.run.last) };
    const url = new URL(`/v1/workflows/${this.run.id}/events`, this.product.address);
    return new Promise((resolve, reject) => {
      this.request = http.get(url, { agent, headers }, (response) => {
        if (response.statusCode !== 200) return reject(new Error(`stream: ${response.statusCode}`));
        response.setEncoding('utf8');
        response.on('error', () => undefined);
        response.on('data', (text) => text.includes('data: ') && this.onEvent(performance.now()));
        resolve();
      });
      this.request.on('error', reject);
    });
  }

  leave() {
    this.request.destroy();
  }
}

function chunks(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function spread(milliseconds) {
  const sorted = milliseconds.toSorted((left, right) => left - right);
  const at = (share) => (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(1);
  return `${at(0.5)} / ${at(0.99)} ms`;
}
