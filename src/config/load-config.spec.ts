import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const KEY = 'cs_test_0123456789abcdef';
const KEK = Buffer.alloc(32, 7).toString('base64');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-config-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Loads with the files of this test, and secrets given so that none is made. */
function load(env: Record<string, string | undefined> = {}) {
  return loadConfig({
    COUNTERSIGN_ENV: 'test',
    COUNTERSIGN_CONFIG_DIR: folder,
    COUNTERSIGN_DATA_DIR: join(folder, 'data'),
    COUNTERSIGN_API_KEY: KEY,
    COUNTERSIGN__VAULT__KEK: KEK,
    ...env,
  });
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** The faults of a configuration that is refused. */
function faultsOf(env: Record<string, string | undefined> = {}): Record<string, string> {
  try {
    load(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]));
  }
  throw new Error('the configuration was accepted');
}

describe('where a setting comes from', () => {
  it('is the default when nobody says anything', () => {
    expect(load().server).toMatchObject({ port: 3000, host: '127.0.0.1', role: 'all' });
  });

  it('is the file of the environment before that', () => {
    write('test.toml', '[server]\nport = 4000\ntrust_proxy = true\n');
    write('staging.toml', '[server]\nport = 5000\n');
    expect(load().server).toMatchObject({ port: 4000, trustProxy: true });
    expect(load({ COUNTERSIGN_ENV: 'staging' }).server).toMatchObject({ port: 5000, trustProxy: false });
  });

  it('is the environment before both', () => {
    write('test.toml', '[server]\nport = 4000\n');
    expect(load({ PORT: '4001' }).server.port).toBe(4001);
    expect(load({ COUNTERSIGN__SERVER__PORT: '4002' }).server.port).toBe(4002);
  });

  it('is the file when the environment holds an empty text', () => {
    write('test.toml', '[server]\nport = 4000\n');
    expect(load({ PORT: '', COUNTERSIGN__SERVER__PORT: undefined }).server.port).toBe(4000);
  });

  it('takes numbers, switches and lists from texts', () => {
    const config = load({
      COUNTERSIGN__SERVER__TRUST_PROXY: 'true',
      COUNTERSIGN__SERVER__CORS_ORIGINS: 'https://a.example.com, https://b.example.com',
      COUNTERSIGN__SESSIONS__IDLE_TIMEOUT_HOURS: '0.5',
    });
    expect(config.server.trustProxy).toBe(true);
    expect(config.server.corsOrigins).toEqual(['https://a.example.com', 'https://b.example.com']);
    expect(config.sessions.idleTimeoutHours).toBe(0.5);
  });

  it('may be a file that a name with _FILE gives', () => {
    const kek = write('kek', `${Buffer.alloc(32, 9).toString('base64')}\n`);
    const key = write('key', 'cs_test_from-a-file-000000\n');
    const config = load({
      COUNTERSIGN__VAULT__KEK: undefined,
      COUNTERSIGN__VAULT__KEK_FILE: kek,
      COUNTERSIGN_API_KEY: undefined,
      COUNTERSIGN_API_KEY_FILE: key,
    });
    expect(config.vault.kek).toEqual(Buffer.alloc(32, 9));
    expect(config.auth.apiKey).toBe('cs_test_from-a-file-000000');
  });

  it('may be the environment where a file names a variable', () => {
    write('test.toml', '[redis]\nurl = "redis://${CACHE_HOST}:${CACHE_PORT:-6379}"\n');
    expect(load({ CACHE_HOST: 'cache.example.com' }).redis.url).toBe('redis://cache.example.com:6379');
  });
});

describe('a fault', () => {
  it('never stands alone: all are told at once', () => {
    write('test.toml', '[server]\nport = 70000\nsurprise = 1\n[nowhere]\nkey = 1\n');
    const faults = faultsOf({
      COUNTERSIGN__LLM__TIMEOUT_MS: 'soon',
      COUNTERSIGN_TYPO: '1',
      DATABASE_URL_FILE: join(folder, 'absent'),
    });
    expect(Object.keys(faults).sort()).toEqual([
      'COUNTERSIGN_TYPO',
      'DATABASE_URL_FILE',
      'llm.timeout_ms',
      'nowhere',
      'server.port',
      'server.surprise',
    ]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['an unknown environment', { COUNTERSIGN_ENV: 'prod' }, 'COUNTERSIGN_ENV'],
    ['an unknown key', { COUNTERSIGN__SERVER__PROT: '1' }, 'server.prot'],
    ['an unknown section', { COUNTERSIGN__SERVRE__PORT: '1' }, 'servre'],
    ['a key that is too deep', { COUNTERSIGN__SERVER__PORT__X: '1' }, 'COUNTERSIGN__SERVER__PORT__X'],
    ['a section without a key', { COUNTERSIGN__SERVER: '1' }, 'COUNTERSIGN__SERVER'],
    ['a misspelt name', { COUNTERSIGN_APIKEY: KEY }, 'COUNTERSIGN_APIKEY'],
    ['a number out of range', { COUNTERSIGN__JOBS__CONCURRENCY: '0' }, 'jobs.concurrency'],
    ['half a number', { COUNTERSIGN__JOBS__CONCURRENCY: '1.5' }, 'jobs.concurrency'],
    ['a switch that is neither', { COUNTERSIGN__LOGGING__PRETTY: 'yes' }, 'logging.pretty'],
    ['another database', { DATABASE_URL: 'mysql://db.example.com/x' }, 'database.url'],
    ['a key that is too short', { COUNTERSIGN_API_KEY: 'cs_test_short' }, 'auth.api_key'],
    ['a signing key of another length', { COUNTERSIGN__AUDIT__SIGNING_KEY: 'c2hvcnQ=' }, 'audit.signing_key'],
    ['a key for the vault of another length', { COUNTERSIGN__VAULT__KEK: 'c2hvcnQ=' }, 'vault.kek'],
    ['a provider without its key', { COUNTERSIGN__LLM__PROVIDER: 'openai' }, 'llm.api_key'],
    [
      'a compatible provider without an address',
      { COUNTERSIGN__LLM__PROVIDER: 'openai-compatible' },
      'llm.base_url',
    ],
    [
      'an idle time beyond the age',
      { COUNTERSIGN__SESSIONS__IDLE_TIMEOUT_HOURS: '200' },
      'sessions.idle_timeout_hours',
    ],
    [
      'a first pause beyond the longest',
      { COUNTERSIGN__ERROR_RECOVERY__RETRY_BASE_MS: '5000' },
      'error_recovery.retry_base_ms',
    ],
  ])('is %s', (_what, env, path) => {
    expect(Object.keys(faultsOf(env))).toContain(path);
  });

  it('in the TOML is told with its line and column', () => {
    write('test.toml', '[server]\nport = = 1\n');
    expect(Object.keys(faultsOf())).toEqual([expect.stringMatching(/^test\.toml:2:\d+$/)]);
  });

  it('is a variable that a file names and nobody sets', () => {
    write('test.toml', '[redis]\nurl = "redis://${CACHE_HOST}"\n');
    expect(faultsOf()).toMatchObject({ 'test.toml': 'names ${CACHE_HOST}, which is not set' });
  });

  it('never repeats the value, which may be a secret', () => {
    const env = {
      COUNTERSIGN_API_KEY: 'hunter2',
      COUNTERSIGN__VAULT__KEK: 'hunter2',
      DATABASE_URL: 'hunter2',
    };
    expect(Object.keys(faultsOf(env)).sort()).toEqual(['auth.api_key', 'database.url', 'vault.kek']);
    expect(JSON.stringify(faultsOf(env))).not.toContain('hunter2');
  });
});

describe('production', () => {
  const production = {
    COUNTERSIGN_ENV: 'production',
    COUNTERSIGN_API_KEY: undefined,
    COUNTERSIGN__VAULT__KEK: undefined,
  };

  it('makes no secret of its own', () => {
    expect(Object.keys(faultsOf(production)).sort()).toEqual([
      'audit.signing_key',
      'auth.api_key',
      'vault.kek',
    ]);
    expect(() => statSync(join(folder, 'data'))).toThrow(/ENOENT/);
  });

  it('starts when they are given', () => {
    const config = load({
      ...production,
      COUNTERSIGN_API_KEY: KEY,
      COUNTERSIGN__VAULT__KEK: KEK,
      COUNTERSIGN__AUDIT__SIGNING_KEY: `${KEK}, ${KEK}`,
    });
    expect(config.audit.signingKeys).toEqual([Buffer.from(KEK, 'base64'), Buffer.from(KEK, 'base64')]);
    expect(config.instance.environment).toBe('production');
  });
});

describe('secrets that nobody gave', () => {
  const none = { COUNTERSIGN_API_KEY: undefined, COUNTERSIGN__VAULT__KEK: undefined };

  it('are made once, readable for their owner only, and kept', () => {
    const first = load(none);
    const again = load(none);
    expect(first.auth).toMatchObject({
      apiKeyCreated: true,
      apiKey: expect.stringMatching(/^cs_test_.{32}$/),
    });
    expect(again.auth).toEqual({ apiKey: first.auth.apiKey, apiKeyCreated: false });
    expect(again.vault.kek).toEqual(first.vault.kek);
    expect(first.vault.kek).toHaveLength(32);
    const keys = join(folder, 'data', 'keys');
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    for (const name of ['admin.key', 'vault.kek']) {
      expect(statSync(join(keys, name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(keys, name), 'utf8').trim()).not.toBe('');
    }
  });

  it('cannot be kept in a data directory that is a file', () => {
    write('data', '');
    expect(Object.values(faultsOf(none))).toEqual([expect.stringMatching(/^cannot be read or created/)]);
  });
});

describe('the configurations that are shipped', () => {
  it.each(['development', 'staging', 'production', 'test'])('%s is accepted', (environment) => {
    const config = load({
      COUNTERSIGN_ENV: environment,
      COUNTERSIGN_CONFIG_DIR: 'config',
      COUNTERSIGN__AUDIT__SIGNING_KEY: KEK,
    });
    expect(config.instance.environment).toBe(environment);
  });
});
