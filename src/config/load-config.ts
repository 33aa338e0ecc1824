import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AppConfig, Environment } from './app-config.js';
import { ConfigError, type ConfigFault } from './config-error.js';
import { type ConfigDocument, configSchema, signingSeeds } from './config.schema.js';
import { applyEnvironment, readToml } from './config-sources.js';
import { readOrCreateSecret } from './instance-secret.js';
import { packageRoot } from './package-root.js';

const ENVIRONMENTS: readonly Environment[] = ['development', 'staging', 'production', 'test'];

/**
 * Reads, checks and resolves the configuration: `config/<environment>.toml`, then the environment over it.
 *
 * @param env Environment variables; only this module reads the process's own.
 * @throws ConfigError with every fault at once.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): AppConfig {
  const faults: ConfigFault[] = [];
  const environment = (env['COUNTERSIGN_ENV'] || 'development') as Environment;
  if (!ENVIRONMENTS.includes(environment)) {
    throw new ConfigError([
      { path: 'COUNTERSIGN_ENV', message: `must be one of ${ENVIRONMENTS.join(', ')}` },
    ]);
  }
  const configDir = resolve(env['COUNTERSIGN_CONFIG_DIR'] || join(packageRoot(), 'config'));
  const dataDir = resolve(env['COUNTERSIGN_DATA_DIR'] || '.countersign');
  const raw = applyEnvironment(readToml(configDir, environment, env, faults), env, faults);
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) faults.push(...faultsOf(issue));
  } else {
    faults.push(...contradictions(parsed.data, environment));
  }
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults);
  return resolveSecrets(parsed.data, environment, configDir, dataDir);
}

function faultsOf(issue: {
  code: string;
  path: PropertyKey[];
  message: string;
  keys?: string[];
}): ConfigFault[] {
  const path = issue.path.map((part) => snakeCase(String(part))).join('.');
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => ({
      path: [path, snakeCase(key)].filter(Boolean).join('.'),
      message: 'is not a known setting',
    }));
  }
  return [{ path, message: issue.message }];
}

/** Faults that no single key shows. */
function contradictions(config: ConfigDocument, environment: Environment): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const { llm, sessions, errorRecovery, vault, auth, audit } = config;
  if (llm.provider === 'openai-compatible') {
    if (!llm.baseUrl)
      faults.push({ path: 'llm.base_url', message: 'is required by the provider openai-compatible' });
    if (!llm.model)
      faults.push({ path: 'llm.model', message: 'is required by the provider openai-compatible' });
  }
  const keyOf = { openai: llm.openaiApiKey, anthropic: llm.anthropicApiKey, google: llm.googleApiKey };
  if (llm.provider in keyOf && !llm.apiKey && !keyOf[llm.provider as keyof typeof keyOf]) {
    faults.push({ path: 'llm.api_key', message: `is required by the provider ${llm.provider}` });
  }
  if (sessions.idleTimeoutHours > sessions.maxAgeHours) {
    faults.push({
      path: 'sessions.idle_timeout_hours',
      message: 'must not be longer than sessions.max_age_hours',
    });
  }
  if (audit.objectStoreUrl && !(audit.objectStoreKeyId && audit.objectStoreSecret)) {
    const message = 'object_store_key_id and object_store_secret are required with it';
    faults.push({ path: 'audit.object_store_url', message });
  }
  if (errorRecovery.retryBaseMs > errorRecovery.retryMaxMs) {
    faults.push({ path: 'error_recovery.retry_base_ms', message: 'must not be greater than retry_max_ms' });
  }
  if (environment === 'production') {
    if (!vault.kek) {
      faults.push({ path: 'vault.kek', message: 'is required in production (COUNTERSIGN__VAULT__KEK_FILE)' });
    }
    if (!audit.signingKey) {
      faults.push({
        path: 'audit.signing_key',
        message: 'is required in production (COUNTERSIGN__AUDIT__SIGNING_KEY_FILE)',
      });
    }
    if (!auth.apiKey) {
      faults.push({ path: 'auth.api_key', message: 'is required in production (COUNTERSIGN_API_KEY_FILE)' });
    }
  }
  return faults;
}

function resolveSecrets(
  document: ConfigDocument,
  environment: Environment,
  configDir: string,
  dataDir: string,
): AppConfig {
  const { auth, vault, database, audit, ...rest } = document;
  const kek =
    vault.kek ?? readSecretFile(join(dataDir, 'keys', 'vault.kek'), () => randomBytes(32).toString('base64'));
  const apiKey = auth.apiKey
    ? { value: auth.apiKey, created: false }
    : readOrCreate(
        join(dataDir, 'keys', 'admin.key'),
        () => `cs_${shortName(environment)}_${randomBytes(24).toString('base64url')}`,
      );
  return {
    ...rest,
    instance: { environment, configDir, dataDir, version: productVersion() },
    auth: { apiKey: apiKey.value, apiKeyCreated: apiKey.created },
    database: { ...database, tier: database.url ? 'server' : 'embedded' },
    vault: {
      kek: Buffer.from(kek, 'base64'),
      kekSource: vault.kek === undefined ? 'file' : 'config',
      ...(vault.epochKek && { epochKek: Buffer.from(vault.epochKek, 'base64') }),
      ...(vault.previousEpochKek && { previousEpochKek: Buffer.from(vault.previousEpochKek, 'base64') }),
      epochDays: vault.epochDays,
    },
    audit: {
      ...audit,
      signingKeys: audit.signingKey === undefined ? undefined : signingSeeds(audit.signingKey),
      signingKeyFile: join(dataDir, 'keys', 'audit-log.key'),
      anchorFolder: audit.anchorFolder === '' ? undefined : resolve(dataDir, audit.anchorFolder),
      archiveFolder: resolve(dataDir, audit.archiveFolder),
      objectStore: objectStoreOf(audit),
      exportFolder: resolve(dataDir, audit.exportFolder),
    },
  };
}

function objectStoreOf(audit: ConfigDocument['audit']): AppConfig['audit']['objectStore'] {
  const { objectStoreUrl: url, objectStoreKeyId, objectStoreSecret } = audit;
  if (url === undefined || objectStoreKeyId === undefined || objectStoreSecret === undefined)
    return undefined;
  return {
    url,
    region: audit.objectStoreRegion,
    accessKeyId: objectStoreKeyId,
    secretAccessKey: objectStoreSecret,
    lockDays: audit.objectStoreLockDays,
  };
}

function readSecretFile(path: string, create: () => string): string {
  return readOrCreate(path, create).value;
}

function readOrCreate(path: string, create: () => string): { value: string; created: boolean } {
  try {
    return readOrCreateSecret(path, create);
  } catch (error) {
    throw new ConfigError([
      { path, message: `cannot be read or created (${(error as NodeJS.ErrnoException).code ?? 'fault'})` },
    ]);
  }
}

function shortName(environment: Environment): string {
  return { development: 'dev', staging: 'stg', production: 'prod', test: 'test' }[environment];
}

function productVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

function snakeCase(camel: string): string {
  return camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
