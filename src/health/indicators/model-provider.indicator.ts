import type { AppConfig } from '../../config/app-config.js';
import type { HealthIndicator } from '../health-indicators.js';

/** Whether the model provider could be called as configured; it is not called, that would cost money. */
export function modelProviderIndicator(config: AppConfig['llm']): HealthIndicator {
  const key = {
    simulation: 'none needed',
    openai: config.apiKey ?? config.openaiApiKey,
    anthropic: config.apiKey ?? config.anthropicApiKey,
    google: config.apiKey ?? config.googleApiKey,
    // Local servers often want no key; without an address there is nothing to call.
    'openai-compatible': config.baseUrl,
  }[config.provider];
  return {
    name: 'modelProvider',
    critical: false,
    check: async () =>
      key === undefined
        ? { status: 'unhealthy', detail: `${config.provider}: not configured` }
        : { status: 'healthy', detail: config.provider },
  };
}
