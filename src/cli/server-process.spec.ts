import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServerFault, ServerProcess } from './server-process.js';

describe('ServerProcess', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'server-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const start = (
    program: string,
    options: { startTimeoutMs?: number; stopTimeoutMs?: number; signal?: AbortSignal } = {},
  ) => {
    const entry = join(folder, 'server.mjs');
    writeFileSync(entry, program);
    return ServerProcess.start({
      entry,
      environment: { MARK: join(folder, 'mark') },
      startTimeoutMs: 20_000,
      stopTimeoutMs: 20_000,
      signal: new AbortController().signal,
      ...options,
    });
  };

  const LISTENS = `console.log(JSON.stringify({ event: 'server.listening', address: 'http://127.0.0.1:1' }));`;
  const STAYS = 'setInterval(() => {}, 1000);';
  const SAYS_GOODBYE = `import { writeFileSync } from 'node:fs';
    process.once('SIGTERM', () => { writeFileSync(process.env.MARK, ''); process.exit(0); });`;

  it('a server is asked to stop, and is gone when stop returns', async () => {
    const server = await start(`${SAYS_GOODBYE} console.log('warming up'); ${LISTENS} ${STAYS}`);

    expect(server.address).toBe('http://127.0.0.1:1');
    expect(await server.stop()).toBe(true);
    expect(existsSync(join(folder, 'mark'))).toBe(true);
    expect(server.lastLines()).toContain('warming up');
    expect(await server.stop()).toBe(true);
  });

  it('the address is found in the message when the field is masked', async () => {
    const line = {
      event: 'server.listening',
      address: '[ADDRESS]',
      msg: 'Countersign listens at http://127.0.0.1:2',
    };
    const server = await start(
      `console.log('not JSON: server.listening'); console.log('${JSON.stringify(line)}'); ${STAYS}`,
    );

    expect(server.address).toBe('http://127.0.0.1:2');
    await server.stop();
  });

  it('a server that will not stop is killed, and that is not clean', async () => {
    const server = await start(`process.on('SIGTERM', () => {}); ${LISTENS} ${STAYS}`, { stopTimeoutMs: 50 });

    expect(await server.stop()).toBe(false);
  });

  it('a server that ends at once is a fault with its last lines', async () => {
    const fault: unknown = await start(`console.error('no database'); process.exitCode = 78;`).catch(
      (error: unknown) => error,
    );

    expect(fault).toBeInstanceOf(ServerFault);
    expect((fault as ServerFault).message).toContain('ended at once (78)');
    expect((fault as ServerFault).log).toEqual(['no database']);
  });

  it('a server that never listens is stopped', async () => {
    const starting = start(`${SAYS_GOODBYE} ${STAYS}`, { startTimeoutMs: 1_500 });

    await expect(starting).rejects.toThrow('did not listen within 1.5 s');
    expect(existsSync(join(folder, 'mark'))).toBe(true);
  });

  it('an interruption while it starts stops it', async () => {
    const starting = start(STAYS, { signal: AbortSignal.abort() });

    await expect(starting).rejects.toBeInstanceOf(ServerFault);
  });
});
