import type { LlmConfig } from '../../src/llm/model-provider.js';

/** A complete section `llm` for tests, with what matters to the test laid over it. */
export function llmConfig(overrides: Partial<LlmConfig> = {}): LlmConfig {
  return {
    provider: 'simulation',
    baseUrl: undefined,
    model: undefined,
    apiKey: undefined,
    timeoutMs: 30_000,
    maxOutputTokens: 4_096,
    inputPricePerMillion: 0,
    outputPricePerMillion: 0,
    openaiApiKey: undefined,
    anthropicApiKey: undefined,
    googleApiKey: undefined,
    ...overrides,
  };
}
