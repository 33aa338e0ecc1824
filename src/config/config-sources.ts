import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { ConfigFault } from './config-error.js';

/** Nested sections and keys, not yet checked. */
export type RawConfig = Record<string, unknown>;

type Env = Readonly<Record<string, string | undefined>>;

/** Short environment names users know, and the key each one sets. */
export const SHORT_NAMES: Readonly<Record<string, readonly [section: string, key: string]>> = {
  PORT: ['server', 'port'],
  HOST: ['server', 'host'],
  COUNTERSIGN_ROLE: ['server', 'role'],
  COUNTERSIGN_API_KEY: ['auth', 'apiKey'],
  COUNTERSIGN_LOG_LEVEL: ['logging', 'level'],
  DATABASE_URL: ['database', 'url'],
  REDIS_URL: ['redis', 'url'],
  SMTP_URL: ['delivery', 'smtpUrl'],
  OPENAI_API_KEY: ['llm', 'openaiApiKey'],
  ANTHROPIC_API_KEY: ['llm', 'anthropicApiKey'],
  GOOGLE_GENERATIVE_AI_API_KEY: ['llm', 'googleApiKey'],
};

/** Names with one underscore that are read elsewhere; any other `COUNTERSIGN_…` is a misspelling. */
const OTHER_NAMES = new Set(['COUNTERSIGN_ENV', 'COUNTERSIGN_DATA_DIR', 'COUNTERSIGN_CONFIG_DIR']);

const PREFIX = 'COUNTERSIGN__';

/** Reads `<folder>/<environment>.toml`; an absent file is no fault, a broken one is. */
export function readToml(folder: string, environment: string, env: Env, faults: ConfigFault[]): RawConfig {
  const file = join(folder, `${environment}.toml`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      faults.push({ path: file, message: `cannot be read (${(error as NodeJS.ErrnoException).code})` });
    }
    return {};
  }
  try {
    return camelCaseKeys(substitute(parse(text), env, environment, faults)) as RawConfig;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    faults.push({
      path: `${environment}.toml:${error.line}:${error.column}`,
      message: firstLine(error.message),
    });
    return {};
  }
}

/** Lays what the environment sets over the values of the file. */
export function applyEnvironment(config: RawConfig, env: Env, faults: ConfigFault[]): RawConfig {
  const result: RawConfig = structuredClone(config);
  for (const [name, rawValue] of Object.entries(env)) {
    if (rawValue === undefined) continue;
    const target = targetOf(name);
    if (target === undefined) continue;
    if (target === 'unknown') {
      faults.push({ path: name, message: 'is not a setting of this product' });
      continue;
    }
    const value = target.fromFile ? readSecret(name, rawValue, faults) : rawValue;
    if (value === undefined || value === '') continue;
    const section = (result[target.section] ??= {}) as Record<string, unknown>;
    section[target.key] = value;
  }
  return result;
}

interface Target {
  readonly section: string;
  readonly key: string;
  /** Whether the variable holds the path of a file with the value (`<NAME>_FILE`). */
  readonly fromFile: boolean;
}

function targetOf(name: string): Target | 'unknown' | undefined {
  const fromFile = name.endsWith('_FILE');
  const base = fromFile ? name.slice(0, -'_FILE'.length) : name;
  const short = SHORT_NAMES[base];
  if (short) return { section: short[0], key: short[1], fromFile };
  if (base.startsWith(PREFIX)) {
    const [section, key, ...rest] = base.slice(PREFIX.length).split('__');
    if (!section || !key || rest.length > 0) return 'unknown';
    return { section: camelCase(section.toLowerCase()), key: camelCase(key.toLowerCase()), fromFile };
  }
  if (name.startsWith('COUNTERSIGN_') && !OTHER_NAMES.has(name)) return 'unknown';
  return undefined;
}

function readSecret(name: string, path: string, faults: ConfigFault[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    faults.push({
      path: name,
      message: `names a file that cannot be read (${(error as NodeJS.ErrnoException).code})`,
    });
    return undefined;
  }
}

/** Replaces `${NAME}` in texts by the environment variable; `${NAME:-default}` gives a default. */
function substitute(value: unknown, env: Env, file: string, faults: ConfigFault[]): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(
      /\$\{([A-Z0-9_]+)(?::-([^}]*))?\}/g,
      (_whole, name: string, fallback?: string) => {
        const found = env[name] ?? fallback;
        if (found === undefined) {
          faults.push({ path: `${file}.toml`, message: `names \${${name}}, which is not set` });
        }
        return found ?? '';
      },
    );
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, env, file, faults));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, substitute(item, env, file, faults)]),
    );
  }
  return value;
}

function camelCaseKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [camelCase(key), camelCaseKeys(item)]),
  );
}

function camelCase(snake: string): string {
  return snake.replaceAll(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
