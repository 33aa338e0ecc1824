import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ModelError } from '../model-error.js';
import type { ModelProvider } from '../model-provider.js';
import { SdkModel } from '../sdk-model.js';
import { baseUrlOf } from './provider-settings.js';

/**
 * Any server with OpenAI's chat completions, local ones without a key included. It is asked in plain JSON mode, which
 * nearly all of them have, not by `json_schema`, which many refuse; the schema is told in the system text.
 */
export const openaiCompatibleProvider: ModelProvider = {
  name: 'openai-compatible',
  open: (config) => {
    if (config.baseUrl === undefined) {
      throw new ModelError('configuration', { hint: 'the provider openai-compatible needs a base URL' });
    }
    const compatible = createOpenAICompatible({
      name: 'openai-compatible',
      apiKey: config.apiKey,
      baseURL: baseUrlOf(config, 'http://localhost/v1'),
      supportsStructuredOutputs: false,
    });
    return new SdkModel('openai-compatible', compatible.chatModel(config.model ?? 'default'), config);
  },
};
