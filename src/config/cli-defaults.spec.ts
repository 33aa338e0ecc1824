import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliDefaults } from './cli-defaults.js';

describe('cliDefaults', () => {
  it('without any setting the admin key of the folder is meant', () => {
    const defaults = cliDefaults({});

    expect(defaults.apiKey).toBeUndefined();
    expect(defaults.adminKeyFile).toBe(resolve('.countersign/keys/admin.key'));
  });

  it('the key comes from the environment or from the file it names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cli-'));
    writeFileSync(join(folder, 'key'), 'cs_dev_file\n');
    try {
      expect(cliDefaults({ COUNTERSIGN_API_KEY: 'cs_dev_env' }).apiKey).toBe('cs_dev_env');
      expect(cliDefaults({ COUNTERSIGN_API_KEY_FILE: join(folder, 'key') }).apiKey).toBe('cs_dev_file');
      expect(cliDefaults({ COUNTERSIGN_API_KEY_FILE: join(folder, 'absent') }).apiKey).toBeUndefined();
      expect(cliDefaults({ COUNTERSIGN_DATA_DIR: folder }).adminKeyFile).toBe(
        join(folder, 'keys', 'admin.key'),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('a child process inherits no setting of the product', () => {
    const { foreignEnvironment } = cliDefaults({
      PATH: '/bin',
      HOME: '/home/x',
      PORT: '1',
      DATABASE_URL: 'postgres://x',
      DATABASE_URL_FILE: '/x',
      REDIS_URL: 'redis://x',
      SMTP_URL: 'smtp://x',
      OPENAI_API_KEY: 'x',
      GOOGLE_GENERATIVE_AI_API_KEY: 'x',
      COUNTERSIGN_API_KEY: 'x',
      COUNTERSIGN__LLM__PROVIDER: 'openai',
      UNSET: undefined,
    });

    expect(foreignEnvironment).toEqual({ PATH: '/bin', HOME: '/home/x' });
  });
});
