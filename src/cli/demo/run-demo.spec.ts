import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeApiOptions } from '../../../test/harness/api-server.fake.js';
import { FakeContext } from '../../../test/harness/command-context.fake.js';
import { runDemo } from './run-demo.js';

const FAKE = new URL('../../../test/harness/api-server.fake.ts', import.meta.url).href;
const EXAMPLE = fileURLToPath(new URL('../../../examples/email-campaign', import.meta.url));

describe('runDemo', () => {
  let folder: string;
  let dataDir: string;
  let context: FakeContext;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'demo-'));
    dataDir = join(folder, 'data');
    context = new FakeContext();
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A server program that speaks the REST contract, logs as the real one does and stops when asked. */
  function server(options: FakeApiOptions = {}): string {
    const entry = join(folder, 'main.mjs');
    writeFileSync(
      entry,
      `import { mkdirSync, writeFileSync } from 'node:fs';
       import { FakeApi, FAKE_KEY } from ${JSON.stringify(FAKE)};
       const dataDir = process.env.COUNTERSIGN_DATA_DIR;
       mkdirSync(dataDir + '/keys', { recursive: true });
       writeFileSync(dataDir + '/keys/admin.key', FAKE_KEY + '\\n');
       writeFileSync(dataDir + '/pid', String(process.pid));
       const api = await new FakeApi({ dataDir, ...${JSON.stringify(options)} }).listen();
       console.log(JSON.stringify({ level: 'info', event: 'server.listening', address: api.url }));
       process.once('SIGTERM', () => { console.log('bye'); api.close(); });`,
    );
    return entry;
  }

  const demo = (entry: string) => runDemo(context, { entry, dataDir, example: EXAMPLE });

  it('tells the whole story and leaves nothing running', async () => {
    expect(await demo(server({ breakBehind: 4 }))).toBe(0);

    expect(context.err).toBe('');
    const { out } = context;
    expect(out).toContain('GENERATION (4 of 6)');
    expect(out).toContain('25 of 25 drafts');
    expect(out).toContain('To: ⟦EMAIL_1⟧');
    expect(out).toContain('Dear ⟦GIVEN_NAME_1⟧,');
    expect(out).toContain('To: Adaeze Brightwater');
    expect(out).toContain('Dear Adaeze Brightwater,');
    expect(out).toContain('25 e-mails stand in the outbox');
    expect(out).toContain('41 events checked');
    expect(out).toMatch(/GENERATION\s+email_generator\s+2/);
    expect(out).toContain('npm run countersign -- workflow show');
    const runs = readdirSync(join(dataDir, 'outbox'));
    expect(readdirSync(join(dataDir, 'outbox', runs[0] ?? ''))).toHaveLength(25);
    const widest = Math.max(...out.split('\n').map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(100);
    expect(isRunning(join(dataDir, 'pid'))).toBe(false);
  });

  it.each([
    ['an e-mail is missing', { delivered: 24 }, '24 of 25 e-mails'],
    ['the audit trail does not hold', { auditValid: false }, 'leaf hash differs'],
    ['the run fails', { end: 'failed' }, 'The run ended FAILED: AGENT_FAILED, no fallback'],
  ] as const)('when %s it says so, stops the server and is exit code 1', async (_what, options, message) => {
    expect(await demo(server(options))).toBe(1);

    expect(context.err).toContain(message);
    expect(context.err).toContain('The last lines of the server:');
    expect(isRunning(join(dataDir, 'pid'))).toBe(false);
  });

  it('a server that cannot start is exit code 1 with its last lines', async () => {
    const entry = join(folder, 'main.mjs');
    writeFileSync(entry, `console.error('port is taken'); process.exitCode = 1;`);

    expect(await demo(entry)).toBe(1);
    expect(context.err).toContain('port is taken');
  });

  it('Ctrl-C stops the server too', async () => {
    const running = demo(server({ stalled: true }));
    await vi.waitFor(() => expect(context.out).toContain('has begun'), { timeout: 20_000 });
    context.interruption.abort();

    expect(await running).toBe(130);
    expect(isRunning(join(dataDir, 'pid'))).toBe(false);
  });
});

function isRunning(pidFile: string): boolean {
  try {
    return process.kill(Number(readFileSync(pidFile, 'utf8')), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
