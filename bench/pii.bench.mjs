// Detection of personal data beside its npm peers, in one run: one table. What is measured: docs/performance.md.
import { availableParallelism, cpus } from 'node:os';
import { detect } from '../dist/compliance/pii/recognizers/detector.js';
import { madeCorpus } from './pii/made-corpus.mjs';
import { openPeers } from './pii/peers.mjs';
import { scoreOf } from './pii/score.mjs';
import { sharedCorpus } from './pii/shared-corpus.mjs';

const DOCUMENT_CHARACTERS = 16_384;

export const options = {
  /** The seed of the generated corpus, which is used when no labelled one lies beside the checkout. */
  seed: { type: 'string', default: '1' },
  /** Only the generated corpus, whatever lies beside the checkout. */
  made: { type: 'boolean', default: false },
  /** Times each throughput is measured; the table shows medians. */
  rounds: { type: 'string', default: '5' },
};

export async function main(values) {
  const shared = values.made ? undefined : sharedCorpus();
  const rows = shared ?? madeCorpus(Number(values.seed));
  const peers = await openPeers();
  const detectors = [{ name: 'Countersign', detect: (text) => detect(text) }, ...peers];
  print(
    `${shared ? 'Labelled' : `Generated (seed ${values.seed})`} corpus of ${rows.length} texts, Node ${process.version}, `,
  );
  print(`${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}\n`);
  print(`${'detector'.padEnd(26)} precision  recall     F2  hidden  false/10k    MB/s  µs for 1 KB\n`);
  for (const detector of detectors) {
    const { precision, recall, f2, hidden, falsePer10k } = await scoreOf(rows, detector.detect);
    const rate = await throughput(rows, detector.detect, Number(values.rounds));
    const latency = await latencyUs(rows, detector.detect);
    const cells = [percent(precision), percent(recall), percent(f2), percent(hidden)].map((cell) =>
      cell.padStart(7),
    );
    print(`${detector.name.padEnd(26)}   ${cells.join(' ')} ${falsePer10k.toFixed(2).padStart(10)} `);
    print(`${rate.toFixed(2).padStart(7)} ${latency.toFixed(0).padStart(12)}\n`);
  }
}

/** Megabytes a second on documents of 16 kB, one after the other in this thread. */
async function throughput(rows, detectIn, rounds) {
  const documents = documentsOf(rows);
  const bytes = documents.reduce((total, text) => total + Buffer.byteLength(text), 0);
  const rates = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    for (const text of documents) await detectIn(text);
    // The first round warms up.
    if (round > 0) rates.push(bytes / 1_000 / (performance.now() - start));
  }
  return rates.toSorted((a, b) => a - b)[rates.length >> 1] ?? Number.NaN;
}

/** Microseconds for one text of 1 KB, the median of 200. */
async function latencyUs(rows, detectIn) {
  const text = documentsOf(rows)[0]?.slice(0, 1_024) ?? '';
  const times = [];
  for (let index = 0; index < 200; index++) {
    const start = performance.now();
    await detectIn(text);
    times.push((performance.now() - start) * 1_000);
  }
  return times.toSorted((a, b) => a - b)[100] ?? Number.NaN;
}

function documentsOf(rows) {
  const text = rows
    .map((row) => row.text)
    .join('\n')
    .slice(0, 1_000_000);
  const count = Math.max(1, Math.ceil(text.length / DOCUMENT_CHARACTERS));
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * DOCUMENT_CHARACTERS, (index + 1) * DOCUMENT_CHARACTERS),
  );
}

function percent(share) {
  return Number.isNaN(share) ? '-' : (share * 100).toFixed(1);
}

function print(text) {
  process.stdout.write(text);
}
