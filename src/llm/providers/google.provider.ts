import { createGoogle } from '@ai-sdk/google';
import type { ModelProvider } from '../model-provider.js';
import { SdkModel } from '../sdk-model.js';
import { apiKeyOf, baseUrlOf } from './provider-settings.js';

/** Google by its Gemini API. */
export const googleProvider: ModelProvider = {
  name: 'google',
  open: (config) => {
    const google = createGoogle({
      apiKey: apiKeyOf(config, config.googleApiKey),
      baseURL: baseUrlOf(config, 'https://generativelanguage.googleapis.com/v1beta'),
    });
    return new SdkModel('google', google(config.model ?? 'gemini-3.5-flash'), config);
  },
};
