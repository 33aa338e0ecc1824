import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { OfflineVerifier } from '../harness/offline-verifier.js';

const FOLDER = 'examples/verify-an-export';
const offline = new OfflineVerifier();
afterAll(() => offline.close());

const lines = readFileSync(`${FOLDER}/export.ndjson`, 'utf8').split(/(?<=\n)/);
const KEY = ['--key', `${FOLDER}/log-key.txt`];

it('the walk-through for auditors holds, word for word', () => {
  const guide = readFileSync(`${FOLDER}/README.md`, 'utf8');
  const shorter = offline.file(lines.filter((line) => !line.includes('"index":6,')).join(''));
  const cut = offline.file(lines.slice(0, 10).join(''));
  for (const [path, code] of [
    [`${FOLDER}/export.ndjson`, 0],
    [shorter, 1],
    [cut, 1],
  ] as const) {
    const told = offline.run(path, ...KEY);
    expect(told.code).toBe(code);
    expect(guide).toContain(`# ${told.output.split('\n')[0]}\n`);
  }
  expect(offline.run(`${FOLDER}/export.ndjson`).code).toBe(3);
});
