import { createAnthropic } from '@ai-sdk/anthropic';
import type { ModelProvider } from '../model-provider.js';
import { SdkModel } from '../sdk-model.js';
import { apiKeyOf, baseUrlOf } from './provider-settings.js';

/** Anthropic by its messages API. */
export const anthropicProvider: ModelProvider = {
  name: 'anthropic',
  open: (config) => {
    const anthropic = createAnthropic({
      apiKey: apiKeyOf(config, config.anthropicApiKey),
      baseURL: baseUrlOf(config, 'https://api.anthropic.com/v1'),
    });
    return new SdkModel('anthropic', anthropic(config.model ?? 'claude-sonnet-4-5'), config);
  },
};
