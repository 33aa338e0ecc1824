import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';

describe('a server with a configuration that cannot be used', () => {
  it('tells every fault, ends with 78 and leaves nothing behind', () => {
    const dataDir = join(tmpdir(), `countersign-refused-${newId()}`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('dist/main.js')], {
      env: {
        COUNTERSIGN_ENV: 'production',
        COUNTERSIGN_DATA_DIR: dataDir,
        COUNTERSIGN__SERVER__PROT: '1',
        PORT: 'high',
      },
      encoding: 'utf8',
    });
    expect(status).toBe(78);
    expect(stdout).toBe('');
    const told = stderr.split('\n').filter((line) => line.startsWith('  - '));
    expect(new Set(told.map((line) => line.slice(4).split(':', 1)[0]))).toEqual(
      new Set(['server.port', 'server.prot']),
    );
    expect(existsSync(dataDir)).toBe(false);
  });
});
