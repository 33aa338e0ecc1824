import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOrCreateSecret } from './instance-secret.js';

describe('a secret of the instance', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-secret-'));
    chmodSync(folder, 0o755);
    path = join(folder, 'keys', 'some.key');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once and read ever after', () => {
    expect(readOrCreateSecret(path, () => 'first')).toEqual({ value: 'first', created: true });
    expect(readOrCreateSecret(path, () => 'second')).toEqual({ value: 'first', created: false });
  });

  it('is the one of the faster process when two make it at the same moment', () => {
    const made = readOrCreateSecret(path, () => {
      // The other process comes in between.
      writeFileSync(path, 'theirs\n', { flag: 'wx' });
      return 'ours';
    });
    expect(made).toEqual({ value: 'theirs', created: false });
    expect(readFileSync(path, 'utf8')).toBe('theirs\n');
  });

  it('leaves nothing else behind, whoever was faster', () => {
    readOrCreateSecret(path, () => 'first');
    expect(readdirSync(dirname(path))).toEqual(['some.key']);
  });

  it('is for its owner only', () => {
    readOrCreateSecret(path, () => 'first');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  });
});
