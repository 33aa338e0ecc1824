import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseEvents } from '../../dist/cli/server-events.js';
import { freePort } from '../engine/free-port.mjs';
import { campaign } from '../bench-product.mjs';
import { drive } from '../campaign.bench.mjs';

const LATENCY_MS = 300;
const WARM_UP_RUNS = 40;
const READY_WITHIN_MS = 60_000;

/**
 * Campaigns one after the other in the whole product: what the compliance path takes of a run whose models take 300 ms,
 * and what a transition costs when they take none.
 */
export async function measureCompliance({ environment, runs, slowRuns }) {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'measured-server.mjs')], {
    env: { ...environment, COUNTERSIGN_ROLE: 'all', PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  try {
    const product = clientOf(`http://127.0.0.1:${port}`, environment.COUNTERSIGN_API_KEY);
    await product.ready(child);
    await measured(child, product, { runs: WARM_UP_RUNS, latencyMs: 0 });
    return {
      quick: await measured(child, product, { runs, latencyMs: 0 }),
      slow: await measured(child, product, { runs: slowRuns, latencyMs: LATENCY_MS }),
    };
  } finally {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}

async function measured(child, product, { runs, latencyMs }) {
  await told(child, { word: 'begin', latencyMs });
  let runMs = 0;
  for (let run = 0; run < runs; run++) runMs += await drive(product, campaign(3));
  const figures = await told(child, { word: 'end' });
  return { ...figures, runMs, runs };
}

async function told(child, message) {
  const answer = once(child, 'message');
  child.send(message);
  return (await answer)[0];
}

function clientOf(address, key) {
  const headers = { authorization: `Bearer ${key}` };
  return {
    async ready(child) {
      const deadline = Date.now() + READY_WITHIN_MS;
      while (!(await isReady(address))) {
        if (child.exitCode !== null || Date.now() > deadline) throw new Error('the product did not start');
        await wait(50);
      }
    },
    async post(path, body) {
      const response = await fetch(new URL(path, address), {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
      return JSON.parse(text);
    },
    async *events(path) {
      const response = await fetch(new URL(path, address), { headers });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      yield* parseEvents(response.body);
    },
  };
}

async function isReady(address) {
  try {
    return (await fetch(`${address}/health/ready`)).ok;
  } catch {
    return false;
  }
}
