import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeContext } from '../../../test/harness/command-context.fake.js';
import { SignedLog } from '../../../test/harness/signed-log.js';
import { SigningKey } from '../../../test/harness/signing-key.js';
import { parseCheckpoint } from '../../verifier/checkpoint.js';
import { checkVouchers } from '../../verifier/trust.js';
import { parseKey } from '../../verifier/signed-note.js';
import { runCli } from '../run-cli.js';

const KEY = new SigningKey('countersign.example/audit/one/1');

describe('audit witness', () => {
  let folder: string;
  let state: string;
  let context: FakeContext;
  let log: SignedLog;
  let server: Server;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'witness-'));
    state = join(folder, 'seen.json');
    log = logOf(5);
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://log');
      const isProof = url.pathname === '/v1/audit/proofs/consistency';
      response.writeHead(isProof || url.pathname === '/v1/audit/checkpoint' ? 200 : 404);
      if (!isProof) return response.end(log.note());
      const [from, to] = ['from', 'to'].map((name) => Number(url.searchParams.get(name))) as [number, number];
      const proof = log.consistency(from, to).map((hash) => hash.toString('base64'));
      return response.end(JSON.stringify({ from, to, proof }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    rmSync(folder, { recursive: true, force: true });
  });

  const look = (...more: string[]): Promise<number> => {
    context = new FakeContext();
    const { port } = server.address() as AddressInfo;
    const known = more.includes('--log-key') ? [] : ['--log-key', KEY.vkey];
    const args = ['--server', `http://127.0.0.1:${port}`, '--state', state, ...known, ...more];
    return runCli(['audit', 'witness', ...args], context);
  };

  const seen = (): string => readFileSync(state, 'utf8');

  it('remembers what it has seen, and accepts what continues it', async () => {
    expect(await look()).toBe(0);
    expect(context.out).toContain('has 5 events, seen for the first time');
    expect(await look()).toBe(0);
    for (let more = 0; more < 4; more++) log.append();
    expect(await look()).toBe(0);
    expect(context.out).toContain('has 9 events, continues the 5 seen before');
    expect(seen()).toContain(String.raw`\n9\n`);
  });

  it('tells a log that was rolled back, and does not forget', async () => {
    await look();
    const before = seen();
    log = logOf(3, log);
    expect(await look()).toBe(1);
    expect(context.err).toContain('rolled_back');
    expect(seen()).toBe(before);
  });

  it('tells two logs of one size: a split view', async () => {
    await look();
    const before = seen();
    log = logOf(5);
    expect(await look()).toBe(1);
    expect(context.err).toContain('split_view');
    expect(seen()).toBe(before);
  });

  it('tells a longer log with another past, though it is signed with the real key', async () => {
    await look();
    const before = seen();
    log = logOf(9);
    expect(await look()).toBe(1);
    expect(context.err).toContain('history_rewritten');
    expect(seen()).toBe(before);
  });

  it('believes no key that it was not given', async () => {
    expect(await look('--log-key', new SigningKey(KEY.name).vkey)).toBe(1);
    expect(context.err).toContain('foreign_key');
    expect(() => statSync(state)).toThrow('ENOENT');
  });

  it('cosigns what it has seen with a key that is its own', async () => {
    const own = ['--name', 'customer.example/witness', '--seed-file', join(folder, 'keys', 'witness.key')];
    expect(await look(...own)).toBe(0);
    const vkey = /cosigned with (\S+)/.exec(context.err)?.[1] ?? '';
    const witnessKey = parseKey(vkey);
    const logKey = parseKey(KEY.vkey);
    if (!witnessKey || !logKey) throw new Error('no key');
    const trust = { logKeys: [logKey], witnessKeys: [witnessKey], quorum: 1 };
    const vouchers = checkVouchers(parseCheckpoint(Buffer.from(context.out)), trust);
    expect(vouchers.witnesses.map(({ name }) => name)).toEqual(['customer.example/witness']);
    expect(statSync(join(folder, 'keys', 'witness.key')).mode & 0o077).toBe(0);
    // The key stays.
    await look(...own);
    expect(context.err).toContain(vkey);
  });

  it('cosigns nothing that does not continue what it has seen', async () => {
    await look();
    log = logOf(9);
    expect(await look('--name', 'w', '--seed-file', join(folder, 'keys', 'w.key'))).toBe(1);
    expect(context.out).toBe('');
  });

  it('says when nothing can be judged', async () => {
    await look();
    await new Promise((done) => {
      server.closeAllConnections();
      server.close(done);
    });
    const address = { port: 1 } as AddressInfo;
    server.address = () => address;
    expect(await look()).toBe(2);
    expect(context.err).toContain('cannot be judged');
    server = createServer().listen(0);
  });

  it.each([
    [['--log-key', 'no key'], '--log-key'],
    [['--name', 'a name'], '--name'],
    [['--name', 'w'], '--seed-file'],
  ])('asks for what it needs: %j', async (args, said) => {
    expect(await look(...args)).toBe(2);
    expect(context.err).toContain(said);
  });
});

/** A log of so many events, of its own or the first ones of another. */
function logOf(size: number, other?: SignedLog): SignedLog {
  const log = new SignedLog(KEY);
  for (let at = 0; at < size; at++) {
    const event = other?.events[at];
    if (event) log.events.push(event);
    else log.append();
  }
  return log;
}
