import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CanarySearch } from '../harness/canaries.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { canariesOf, PEOPLE } from '../harness/personal-campaign.js';
import { productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';

const [{ name, email }] = PEOPLE;

/** What a database driver throws, thrown where nobody catches it, when the signal comes. */
const SABOTAGE = `process.once('SIGUSR2', () => void Promise.reject(Object.assign(
  new Error('duplicate key for ${email}'),
  { code: '23505', detail: 'Key (name)=(${name}) already exists.', parameters: ['${name}'] })));`;

describe('a fault that nobody catches', () => {
  let database: TestDatabase;
  let dataDir: string;
  let server: ServerProcess;
  let exitCode: number | null;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'countersign-fault-'));
    const sabotage = join(dataDir, 'sabotage.mjs');
    await writeFile(sabotage, SABOTAGE);
    server = await ServerProcess.start({
      ...productEnv(database.url, dataDir),
      NODE_OPTIONS: `--import=${pathToFileURL(sabotage).href}`,
    });
    exitCode = await server.end('SIGUSR2');
  });
  afterAll(async () => {
    await server?.end('SIGKILL');
    await database?.close();
    if (dataDir) await rm(dataDir, { recursive: true, force: true });
  });

  it('ends the process as a fault', () => {
    expect(exitCode).toBe(1);
    expect(server.output()).toMatch(/"level":"fatal".*"event":"process\.fault".*"code":"23505"/);
  });

  it('does not print the data it happened to', () => {
    expect(new CanarySearch(canariesOf(PEOPLE[0])).findIn(server.output())).toEqual([]);
  });
});
