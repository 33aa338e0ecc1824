import { createOpenAI } from '@ai-sdk/openai';
import type { ModelProvider } from '../model-provider.js';
import { SdkModel } from '../sdk-model.js';
import { apiKeyOf, baseUrlOf } from './provider-settings.js';

/**
 * OpenAI by its chat completions: the format every gateway understands, and one that keeps no copy of the exchange
 * at the provider (the Responses API stores it unless told otherwise).
 */
export const openaiProvider: ModelProvider = {
  name: 'openai',
  open: (config) => {
    const openai = createOpenAI({
      apiKey: apiKeyOf(config, config.openaiApiKey),
      baseURL: baseUrlOf(config, 'https://api.openai.com/v1'),
    });
    return new SdkModel('openai', openai.chat(config.model ?? 'gpt-5-mini'), config);
  },
};
