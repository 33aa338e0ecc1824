import { ModelError } from '../model-error.js';
import type { LlmConfig } from '../model-provider.js';

/**
 * The base URL to call: the configured one (a gateway, a mock), else the provider's own. Always given to the SDK,
 * which would otherwise read environment variables of its own. A URL without a path gets the provider's usual one.
 */
export function baseUrlOf(config: LlmConfig, providerUrl: string): string {
  if (config.baseUrl === undefined) return providerUrl;
  const url = new URL(config.baseUrl);
  if (url.pathname === '/') url.pathname = new URL(providerUrl).pathname;
  return url.href.replace(/\/$/, '');
}

/** The API key to call with; `apiKey` wins over the provider's own setting. Only a gateway may go without. */
export function apiKeyOf(config: LlmConfig, providerKey: string | undefined): string {
  const key = config.apiKey ?? providerKey;
  if (key !== undefined && key !== '') return key;
  if (config.baseUrl !== undefined) return 'none';
  throw new ModelError('configuration', { hint: `the provider ${config.provider} needs an API key` });
}
