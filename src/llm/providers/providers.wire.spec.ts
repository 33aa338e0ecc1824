import { LLMock } from '@copilotkit/aimock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fakeSafeMode } from '../../../test/harness/safe-mode.fake.js';
import { testMetrics } from '../../../test/harness/metrics.js';
import { LanguageModels } from '../language-models.service.js';
import { llmConfig } from '../../../test/harness/llm-config.fixture.js';
import { ModelError } from '../model-error.js';
import type { ProviderName } from '../model-provider.js';
import type { ModelRequest } from '../model-request.js';

const KEY = 'sk-test-must-never-show';
const PROMPT = 'Write to ⟦PERSON_1⟧ about the spring offer.';
const ANSWER = { subject: 'Spring', body: 'Dear ⟦PERSON_1⟧, spring is here.' };
const USAGE = { input_tokens: 1_000, output_tokens: 200 };

const schema = z.strictObject({ subject: z.string().max(150), body: z.string() });

function request(
  overrides: Partial<ModelRequest<z.infer<typeof schema>>> = {},
): ModelRequest<z.infer<typeof schema>> {
  return {
    agent: 'email_generator',
    tenantId: 't1',
    system: 'You write e-mails.',
    prompt: PROMPT,
    schema,
    simulate: () => {
      throw new Error('a real provider never simulates');
    },
    signal: new AbortController().signal,
    ...overrides,
  };
}

/** What a model call failed with. */
async function faultOf(answer: Promise<unknown>): Promise<ModelError> {
  const error: unknown = await answer.then(
    () => new Error('the call succeeded'),
    (fault: unknown) => fault,
  );
  if (!(error instanceof ModelError)) throw error;
  return error;
}

const providers: readonly ProviderName[] = ['openai', 'anthropic', 'google', 'openai-compatible'];

describe.each(providers)('provider %s at the wire', (name) => {
  const server = new LLMock({ port: 0 });
  let models: LanguageModels;

  beforeAll(async () => {
    await server.start();
    models = new LanguageModels(
      llmConfig({
        provider: name,
        baseUrl: server.url,
        apiKey: KEY,
        inputPricePerMillion: 3,
        outputPricePerMillion: 15,
      }),
      testMetrics(),
      fakeSafeMode(),
    );
  });
  afterEach(() => {
    server.reset();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('answers in the required form, with usage and cost', async () => {
    server.onMessage(/.*/, { content: JSON.stringify(ANSWER), usage: usageFor(name) });
    const answer = await models.generate(request());
    expect(answer).toEqual({
      output: ANSWER,
      usage: { inputTokens: 1_000, outputTokens: 200, costUsd: 0.006 },
      provider: name,
      model: models.model,
    });
  });

  it('sends task, schema and output limit in one request, and no key in the body', async () => {
    server.onMessage(/.*/, { content: JSON.stringify(ANSWER) });
    await models.generate(request({ maxOutputTokens: 321 }));
    expect(server.getRequests()).toHaveLength(1);
    const body = JSON.stringify(server.getLastRequest()?.body);
    expect(body).toContain(PROMPT);
    expect(body).toContain('"additionalProperties');
    expect(body).toContain('150');
    expect(body).toContain('321');
    expect(body).not.toContain(KEY);
  });

  it('unwraps an answer in a code fence', async () => {
    server.onMessage(/.*/, { content: `Here it is:\n\`\`\`json\n${JSON.stringify(ANSWER)}\n\`\`\`` });
    await expect(models.generate(request())).resolves.toMatchObject({ output: ANSWER });
  });

  it('tells a rate limit and how long to wait, without trying again itself', async () => {
    server.onMessage(/.*/, {
      error: { message: `too many: ${PROMPT}`, type: 'rate_limit' },
      status: 429,
      retryAfter: 7,
    });
    const fault = await faultOf(models.generate(request()));
    expect(fault).toMatchObject({ kind: 'rate_limited', retryable: true, retryAfterMs: 7_000 });
    expect(server.getRequests()).toHaveLength(1);
  });

  it('tells that the provider is down', async () => {
    server.onMessage(/.*/, { error: { message: 'overloaded' }, status: 500 });
    expect(await faultOf(models.generate(request()))).toMatchObject({ kind: 'unavailable', retryable: true });
  });

  it('does not ask for a repeat when the key is refused', async () => {
    server.onMessage(/.*/, { error: { message: `bad key ${KEY}` }, status: 401 });
    expect(await faultOf(models.generate(request()))).toMatchObject({
      kind: 'configuration',
      retryable: false,
    });
  });

  it('is abandoned with the reason of its signal when the provider hangs', async () => {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<{ content: string }>();
    server.onMessage(/.*/, () => {
      arrived.resolve();
      return release.promise;
    });
    const caller = new AbortController();
    const answer = models.generate(request({ signal: caller.signal }));
    await arrived.promise;
    caller.abort(new Error('cancelled by the caller'));
    await expect(answer).rejects.toThrow('cancelled by the caller');
    release.resolve({ content: 'too late' });
  });

  it('reports a passed time limit as such', async () => {
    const signal = AbortSignal.abort(new DOMException('No answer', 'TimeoutError'));
    expect(await faultOf(models.generate(request({ signal })))).toMatchObject({
      kind: 'timeout',
      retryable: true,
    });
  });

  it('refuses a truncated answer', async () => {
    server.onMessage(/.*/, { content: JSON.stringify(ANSWER).slice(0, -20), finishReason: 'length' });
    expect(await faultOf(models.generate(request()))).toMatchObject({
      kind: 'invalid_answer',
      retryable: true,
    });
  });

  it('refuses an answer of another form, and still books what it has cost', async () => {
    server.onMessage(/.*/, { content: '{"subject": 7, "text": "hello"}', usage: usageFor(name) });
    const fault = await faultOf(models.generate(request()));
    expect(fault).toMatchObject({ kind: 'invalid_answer', usage: { inputTokens: 1_000, costUsd: 0.006 } });
  });

  it('refuses an answer beyond the limits of the schema', async () => {
    server.onMessage(/.*/, { content: JSON.stringify({ ...ANSWER, subject: 'x'.repeat(151) }) });
    expect(await faultOf(models.generate(request()))).toMatchObject({ kind: 'invalid_answer' });
  });

  it.each([
    { content: `not json: ${PROMPT}` },
    { error: { message: `${KEY} ${PROMPT}` }, status: 400 },
    { error: { message: `${KEY} ${PROMPT}` }, status: 503 },
  ])('keeps prompt, answer and key out of every error (%#)', async (response) => {
    server.onMessage(/.*/, response);
    const fault = await faultOf(models.generate(request()));
    const everything = [fault.stack, JSON.stringify(fault), String(fault.cause)].join('\n');
    expect(everything).not.toContain('PERSON_1');
    expect(everything).not.toContain('spring offer');
    expect(everything).not.toContain(KEY);
  });
});

describe('a model that refuses', () => {
  it.each(['', 'I cannot help with that.'])('is not asked again (%#)', async (content) => {
    const server = new LLMock({ port: 0 });
    server.onMessage(/.*/, { content, finishReason: 'content_filter', usage: usageFor('openai') });
    await server.start();
    const models = new LanguageModels(
      llmConfig({ provider: 'openai', baseUrl: server.url, apiKey: KEY }),
      testMetrics(),
      fakeSafeMode(),
    );
    const fault = await faultOf(models.generate(request()));
    await server.stop();
    expect(fault).toMatchObject({ kind: 'refused', retryable: false, usage: { inputTokens: 1_000 } });
  });
});

describe('a provider that cannot be reached', () => {
  it('is unavailable', async () => {
    const server = new LLMock({ port: 0 });
    await server.start();
    const { url } = server;
    await server.stop();
    const models = new LanguageModels(
      llmConfig({ provider: 'openai', baseUrl: url, apiKey: KEY }),
      testMetrics(),
      fakeSafeMode(),
    );
    expect(await faultOf(models.generate(request()))).toMatchObject({ kind: 'unavailable', retryable: true });
  });
});

/** The mock takes usage in the words of each provider. */
function usageFor(name: ProviderName): Record<string, number> {
  if (name === 'google') {
    return {
      promptTokenCount: USAGE.input_tokens,
      candidatesTokenCount: USAGE.output_tokens,
      totalTokenCount: USAGE.input_tokens + USAGE.output_tokens,
    };
  }
  if (name === 'anthropic') return USAGE;
  return {
    prompt_tokens: USAGE.input_tokens,
    completion_tokens: USAGE.output_tokens,
    total_tokens: USAGE.input_tokens + USAGE.output_tokens,
  };
}
