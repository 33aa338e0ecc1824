// One upload of many rows: how fast it is stored, how fast its rows are started while the same process drives what
// was started, and how much memory that takes.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { campaign, openSession, withProduct } from './bench-product.mjs';

export const options = {
  rows: { type: 'string', default: '100000' },
  seconds: { type: 'string', default: '60' },
};

export function main(values) {
  return withProduct((product) => measure(product, values));
}

async function measure(product, values) {
  const rows = Number(values.rows);
  const sessionId = await openSession(product);
  const server = serverProcess();
  const before = memoryOf(server);
  const uploadedAt = performance.now();
  const { batchId, bytes } = await upload(product, sessionId, rows);
  const uploadSeconds = (performance.now() - uploadedAt) / 1_000;
  const afterUpload = memoryOf(server);

  const startedAt = performance.now();
  let batch = await progress(product, batchId);
  while (batch.rows.pending > 0 && performance.now() - startedAt < Number(values.seconds) * 1_000) {
    await wait(500);
    batch = await progress(product, batchId);
  }
  const startSeconds = (performance.now() - startedAt) / 1_000;
  const lookedAt = performance.now();
  await progress(product, batchId);
  const lookMs = performance.now() - lookedAt;
  return {
    upload: `${rows} rows, ${(bytes / 1_048_576).toFixed(1)} MiB`,
    'stored, rows/s': `${(rows / uploadSeconds).toFixed(0)} (${uploadSeconds.toFixed(1)} s)`,
    'started, rows/s, runs driven meanwhile': `${(batch.rows.started / startSeconds).toFixed(1)} (${batch.rows.started} in ${startSeconds.toFixed(1)} s)`,
    'runs not ended / rows failed': `${batch.runs.open} / ${batch.rows.failed}`,
    'progress, ms': lookMs.toFixed(1),
    'memory before / most while storing / most, MiB': [
      before.now,
      afterUpload.most,
      memoryOf(server).most,
    ].join(' / '),
  };
}

async function upload(product, sessionId, rows) {
  let bytes = 0;
  async function* chunks() {
    const { recipients, ...rest } = campaign(1);
    for (let first = 0; first < rows; first += 200) {
      const lines = Array.from({ length: Math.min(200, rows - first) }, (_, index) => {
        const person = {
          name: `Recipient ${first + index}`,
          email: `recipient.${first + index}@example.com`,
        };
        return JSON.stringify({ input: { ...rest, recipients: recipients.map(() => person) } });
      });
      const chunk = new TextEncoder().encode(`${lines.join('\n')}\n`);
      bytes += chunk.length;
      yield chunk;
    }
  }
  const query = new URLSearchParams({ definition: 'email-campaign', sessionId });
  const response = await fetch(new URL(`/v1/workflows/bulk?${query}`, product.address), {
    method: 'POST',
    headers: { authorization: `Bearer ${product.key}`, 'content-type': 'application/x-ndjson' },
    body: ReadableStream.from(chunks()),
    duplex: 'half',
  });
  if (!response.ok) throw new Error(await response.text());
  return { bytes, ...(await response.json()) };
}

async function progress(product, batchId) {
  const response = await fetch(new URL(`/v1/workflows/bulk/${batchId}`, product.address), {
    headers: { authorization: `Bearer ${product.key}` },
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** The server among the children of this process, where the system tells of them. */
function serverProcess() {
  try {
    return readdirSync('/proc').find((name) => /^\d+$/.test(name) && isServer(name));
  } catch {
    return undefined;
  }
}

function isServer(id) {
  try {
    const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1];
    return (
      parent === String(process.pid) && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('dist/main.js')
    );
  } catch {
    return false;
  }
}

/** Resident memory in MiB, now and at its most; `?` where the system does not tell. */
function memoryOf(server) {
  if (!server) return { now: '?', most: '?' };
  const status = readFileSync(`/proc/${server}/status`, 'utf8');
  const mebibytes = (name) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_024);
  return { now: mebibytes('VmRSS'), most: mebibytes('VmHWM') };
}
