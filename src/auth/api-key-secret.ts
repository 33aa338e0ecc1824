import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import type { Environment } from '../config/app-config.js';

const RANDOM_BYTES = 24;
const SHOWN_CHARACTERS = 4;
/** The shape that the configuration accepts as well. */
const API_KEY = /^cs_[a-z0-9]+_[A-Za-z0-9_-]{16,}$/;

const ENVIRONMENT_NAMES: Readonly<Record<Environment, string>> = {
  development: 'dev',
  staging: 'stg',
  production: 'prod',
  test: 'test',
};

/** A new key, `cs_<env>_<192 random bits>`. It is told once and never stored. */
export function newApiKey(environment: Environment): string {
  return `cs_${ENVIRONMENT_NAMES[environment]}_${randomBytes(RANDOM_BYTES).toString('base64url')}`;
}

/** Whether a text can be an API key at all; spares the database the rest. */
export function isApiKeyShaped(text: string): boolean {
  return API_KEY.test(text);
}

/**
 * What is stored instead of a key. A plain HMAC is enough where a password would need a slow hash: a key has
 * too much randomness to be guessed, and without the instance's secret a stolen table cannot even be tested.
 */
export function hashApiKey(secret: KeyObject, key: string): Buffer {
  return createHmac('sha256', secret).update(key, 'utf8').digest();
}

/** The beginning of a key, enough to tell two keys apart in a list. */
export function displayPrefixOf(key: string): string {
  const randomPart = key.indexOf('_', 'cs_'.length) + 1;
  return key.slice(0, randomPart + SHOWN_CHARACTERS);
}
