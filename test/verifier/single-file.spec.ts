import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoneVerifier } from '../harness/lone-verifier.js';
import { SignedLog } from '../harness/signed-log.js';
import { SigningKey } from '../harness/signing-key.js';

let verifier: LoneVerifier;
const key = new SigningKey('countersign.test/audit/log-a/1');
const log = new SignedLog(key);
log.append();
log.append();

beforeAll(() => {
  verifier = new LoneVerifier();
  verifier.put('export.ndjson', log.export());
  verifier.put('cut.ndjson', log.export().slice(0, -40));
});
afterAll(() => verifier.close());

it('the built verifier is one file that needs nothing beside it', async () => {
  const { code, out } = await verifier.run('export.ndjson', '--key', key.vkey);
  expect(code).toBe(0);
  expect(out).toMatch(/^valid: 2 events/);
  const text = await readFile(join(verifier.folder, 'verify.mjs'), 'utf8');
  const imports = text.matchAll(/^import .*from "(.*)"/gm);
  expect(new Set([...imports].map(([, name]) => name))).toEqual(
    new Set(['node:crypto', 'node:fs', 'node:util']),
  );
});

it('its exit codes tell valid, tampered, unusable and self-consistent apart', async () => {
  expect((await verifier.run('export.ndjson')).code).toBe(3);
  const cut = await verifier.run('cut.ndjson', '--key', key.vkey);
  expect(cut.code).toBe(1);
  expect(cut.err).toContain('TAMPERED: trailer_missing');
  expect((await verifier.run('verify.mjs', '--key', key.vkey)).code).toBe(2);
  expect((await verifier.run()).code).toBe(2);
  const help = await verifier.run('--help');
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining('--key <vkey or file>') });
});
