import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SignedLog } from '../harness/signed-log.js';
import { SigningKey } from '../harness/signing-key.js';

let folder: string;
const key = new SigningKey('countersign.test/audit/log-a/1');
const log = new SignedLog(key);
log.append();
log.append();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-auditor-'));
  await copyFile(resolve('dist/verify.mjs'), join(folder, 'verify.mjs'));
  await writeFile(join(folder, 'export.ndjson'), log.export());
  await writeFile(join(folder, 'cut.ndjson'), log.export().slice(0, -40));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the one file where nothing else is: no packages, no settings. */
function verify(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((settle) => {
    execFile(process.execPath, ['verify.mjs', ...args], { cwd: folder, env: {} }, (error, out, err) =>
      settle({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

it('the built verifier is one file that needs nothing beside it', async () => {
  const { code, out } = await verify('export.ndjson', '--key', key.vkey);
  expect(code).toBe(0);
  expect(out).toMatch(/^valid: 2 events/);
  const imports = (await readFile(join(folder, 'verify.mjs'), 'utf8')).matchAll(/^import .*from "(.*)"/gm);
  expect(new Set([...imports].map(([, name]) => name))).toEqual(
    new Set(['node:crypto', 'node:fs', 'node:util']),
  );
});

it('its exit codes tell valid, tampered, unusable and self-consistent apart', async () => {
  expect((await verify('export.ndjson')).code).toBe(3);
  const cut = await verify('cut.ndjson', '--key', key.vkey);
  expect(cut.code).toBe(1);
  expect(cut.err).toContain('TAMPERED: trailer_missing');
  expect((await verify('verify.mjs', '--key', key.vkey)).code).toBe(2);
  expect((await verify()).code).toBe(2);
  const help = await verify('--help');
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining('--key <vkey or file>') });
});
