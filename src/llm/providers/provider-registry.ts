import type { ModelProvider, ProviderName } from '../model-provider.js';
import { anthropicProvider } from './anthropic.provider.js';
import { googleProvider } from './google.provider.js';
import { openaiProvider } from './openai.provider.js';
import { openaiCompatibleProvider } from './openai-compatible.provider.js';
import { simulationProvider } from './simulation.provider.js';

/** Every provider that can be configured. */
export const MODEL_PROVIDERS: Readonly<Record<ProviderName, ModelProvider>> = {
  simulation: simulationProvider,
  openai: openaiProvider,
  anthropic: anthropicProvider,
  google: googleProvider,
  'openai-compatible': openaiCompatibleProvider,
};
