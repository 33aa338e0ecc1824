import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { testMetrics } from '../../test/harness/metrics.js';
import { LanguageModels } from './language-models.service.js';
import { fakeSafeMode } from '../../test/harness/safe-mode.fake.js';
import { llmConfig } from '../../test/harness/llm-config.fixture.js';

const schema = z.strictObject({ subject: z.string().max(10) });
const signal = new AbortController().signal;
const request = { agent: 'email_generator', tenantId: 't1', system: 'abcd', prompt: 'efgh', schema, signal };

describe('LanguageModels with the simulation provider', () => {
  const models = new LanguageModels(
    llmConfig({ inputPricePerMillion: 3, outputPricePerMillion: 15 }),
    testMetrics(),
    fakeSafeMode(),
  );

  it('answers with the simulated work, free of charge', async () => {
    await expect(models.generate({ ...request, simulate: () => ({ subject: 'Spring' }) })).resolves.toEqual({
      output: { subject: 'Spring' },
      usage: { inputTokens: 2, outputTokens: 5, costUsd: 0 },
      provider: 'simulation',
      model: 'simulation-1',
    });
  });

  it('holds simulated work to the same schema as a model', async () => {
    const answer = models.generate({ ...request, simulate: () => ({ subject: 'longer than ten' }) });
    await expect(answer).rejects.toMatchObject({ name: 'ModelError', kind: 'invalid_answer' });
  });

  it('does nothing for a caller that has aborted', async () => {
    const answer = models.generate({
      ...request,
      simulate: () => ({ subject: 'Spring' }),
      signal: AbortSignal.abort(new Error('cancelled')),
    });
    await expect(answer).rejects.toThrow('cancelled');
  });
});

describe('LanguageModels configuration', () => {
  it.each([
    ['openai', 'gpt-5-mini'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['google', 'gemini-3.5-flash'],
  ] as const)('has a default model for %s', (provider, model) => {
    expect(
      new LanguageModels(llmConfig({ provider, apiKey: 'key' }), testMetrics(), fakeSafeMode()).model,
    ).toBe(model);
  });

  it.each(['openai', 'anthropic', 'google'] as const)('refuses %s without any key', (provider) => {
    expect(() => new LanguageModels(llmConfig({ provider }), testMetrics(), fakeSafeMode())).toThrow(
      /needs an API key/,
    );
  });

  it('takes the key of the provider when there is no general one', () => {
    expect(
      new LanguageModels(
        llmConfig({ provider: 'google', googleApiKey: 'key' }),
        testMetrics(),
        fakeSafeMode(),
      ).provider,
    ).toBe('google');
    expect(
      () =>
        new LanguageModels(
          llmConfig({ provider: 'google', openaiApiKey: 'key' }),
          testMetrics(),
          fakeSafeMode(),
        ),
    ).toThrow(/API key/);
  });

  it('refuses openai-compatible without a base URL', () => {
    expect(
      () => new LanguageModels(llmConfig({ provider: 'openai-compatible' }), testMetrics(), fakeSafeMode()),
    ).toThrow(/base URL/);
  });
});
