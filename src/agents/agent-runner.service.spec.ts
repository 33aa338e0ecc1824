import { LLMock } from '@copilotkit/aimock';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fakeSafeMode } from '../../test/harness/safe-mode.fake.js';
import { testMetrics } from '../../test/harness/metrics.js';
import { BreakerRegistry } from '../error-recovery/breaker-registry.js';
import { ErrorRecovery } from '../error-recovery/error-recovery.service.js';
import { systemClock } from '../kernel/clock.js';
import { LanguageModels } from '../llm/language-models.service.js';
import { llmConfig } from '../../test/harness/llm-config.fixture.js';
import type { LlmConfig } from '../llm/model-provider.js';
import type { Agent, AnyAgent } from './agent.js';
import { SHIPPED_AGENTS } from './agent-registry.js';
import { AgentRunner } from './agent-runner.service.js';
import { emailInput } from '../../test/harness/agent-input.fixture.js';
import { requirementsAgent } from './requirements.agent.js';

const RECOVERY = {
  failureThreshold: 5,
  failureRatePercent: 50,
  windowMs: 60_000,
  openMs: 60_000,
  maxAttempts: 3,
  retryBaseMs: 0,
  retryMaxMs: 0,
  slowCallMs: 10_000,
};

const greeter: Agent<{ name: string }, { text: string }> = {
  name: 'greeter',
  description: 'Greets.',
  input: z.strictObject({ name: z.string().min(1) }),
  output: z.strictObject({ text: z.string() }),
  system: () => 'You greet.',
  prompt: ({ name }) => `Greet ${name}.`,
  simulate: ({ name }) => ({ text: `Hello ${name}` }),
  check: (_, { text }) => (text.includes('hate') ? ['it must be friendly'] : []),
};
const input = { name: '⟦PERSON_1⟧' };
const USAGE = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };

const run = (agents: AgentRunner, signal = new AbortController().signal): ReturnType<AgentRunner['run']> =>
  agents.run('greeter', input, { signal, tenantId: 't1' });

describe('AgentRunner', () => {
  const server = new LLMock({ port: 0 });
  let safeMode = false;
  let breakers: BreakerRegistry;
  let recovery: ErrorRecovery;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    await server.start();
  });
  beforeEach(() => {
    breakers = new BreakerRegistry(RECOVERY, systemClock, testMetrics());
    recovery = new ErrorRecovery(RECOVERY, breakers);
  });
  afterEach(() => {
    breakers.onApplicationShutdown();
    server.reset();
  });
  afterAll(async () => {
    await server.stop();
    Logger.overrideLogger(['error', 'warn', 'log']);
  });

  function runner(config: Partial<LlmConfig> = {}, agents: readonly AnyAgent[] = [greeter]): AgentRunner {
    const models = new LanguageModels(
      llmConfig({
        provider: 'openai-compatible',
        baseUrl: server.url,
        model: 'mock-1',
        inputPricePerMillion: 10,
        outputPricePerMillion: 100,
        ...config,
      }),
      testMetrics(),
      fakeSafeMode(() => safeMode),
    );
    return new AgentRunner(agents, models, recovery, breakers);
  }

  /** What the model server answers, call by call; the last answer stays. */
  function answers(...contents: (string | { status: number })[]): void {
    let call = 0;
    server.onMessage(/.*/, () => {
      const content = contents[Math.min(call, contents.length - 1)] ?? '';
      call += 1;
      if (typeof content === 'string') return { content, usage: USAGE };
      return { error: { message: 'no' }, status: content.status };
    });
  }

  const promptsSent = (): string[] =>
    server.getRequests().map(({ body }) => JSON.stringify((body as { messages?: unknown } | null)?.messages));

  it('hands on what the model answered', async () => {
    answers('{"text": "Dear ⟦PERSON_1⟧"}');
    await expect(run(runner())).resolves.toMatchObject({
      output: { text: 'Dear ⟦PERSON_1⟧' },
      usage: { inputTokens: 100, outputTokens: 10, costUsd: 0.002 },
      provider: 'openai-compatible',
      model: 'mock-1',
      status: 'completed',
      degraded: false,
      attempts: 1,
    });
  });

  it('completes normally with the simulation provider', async () => {
    await expect(run(runner({ provider: 'simulation' }))).resolves.toMatchObject({
      output: { text: 'Hello ⟦PERSON_1⟧' },
      provider: 'simulation',
      status: 'completed',
      degraded: false,
    });
  });

  it.each([
    ['an invented reference', '{"text": "Dear ⟦PERSON_2⟧"}', 'reference'],
    ['a fault the agent finds', '{"text": "I hate you"}', 'friendly'],
    ['another form', '{"words": 1}', 'schema'],
    ['no JSON', 'Dear you', 'schema'],
  ])('asks again after %s, says why, and books both answers', async (_, bad, reason) => {
    answers(bad, '{"text": "Dear ⟦PERSON_1⟧"}');
    const result = await run(runner());
    expect(result).toMatchObject({
      status: 'completed',
      attempts: 2,
      usage: { inputTokens: 200, costUsd: 0.004 },
    });
    const [first, second] = promptsSent();
    expect(first).not.toContain('refused');
    expect(second).toContain('refused');
    expect(second).toContain(reason);
  });

  it('falls back to its own work when the provider stays down, visibly', async () => {
    answers({ status: 503 });
    await expect(run(runner())).resolves.toMatchObject({
      output: { text: 'Hello ⟦PERSON_1⟧' },
      provider: 'simulation',
      model: 'simulation-1',
      status: 'fallback',
      degraded: true,
      attempts: 3,
      error: { code: 'MODEL_UNAVAILABLE', message: 'The model provider is not available (HTTP 503)' },
    });
    expect(recovery.counters()).toMatchObject({ failed: 1, fallbackActivations: 1 });
  });

  it('books what refused answers have cost although the fallback is free', async () => {
    answers('Dear you');
    const result = await run(runner());
    expect(result).toMatchObject({
      status: 'fallback',
      attempts: 3,
      usage: { inputTokens: 300, costUsd: 0.006 },
    });
  });

  it('does not ask again when asking cannot help', async () => {
    answers({ status: 401 });
    await expect(run(runner())).resolves.toMatchObject({ status: 'fallback', attempts: 1 });
  });

  it('does not call a model whose breaker is open', async () => {
    answers({ status: 503 });
    const agents = runner();
    await run(agents);
    await run(agents);
    const asked = server.getRequests().length;
    await expect(run(agents)).resolves.toMatchObject({
      status: 'fallback',
      attempts: 0,
      error: { code: 'BREAKER_OPEN' },
    });
    expect(server.getRequests()).toHaveLength(asked);
  });

  it('falls back when the model does not answer in time', async () => {
    server.onMessage(/.*/, () => new Promise<never>(() => {}));
    const impatient: Agent<{ name: string }, { text: string }> = { ...greeter, timeoutMs: 20 };
    await expect(run(runner({}, [impatient]))).resolves.toMatchObject({
      status: 'fallback',
      attempts: 3,
      error: { code: 'MODEL_UNAVAILABLE', message: 'The model did not answer in time' },
    });
  });

  it('gives the caller’s own reason back when the caller aborts, without a fallback', async () => {
    const arrived = Promise.withResolvers<void>();
    server.onMessage(/.*/, () => {
      arrived.resolve();
      return new Promise<never>(() => {});
    });
    const caller = new AbortController();
    const running = run(runner(), caller.signal);
    await arrived.promise;
    caller.abort(new Error('the run was cancelled'));
    await expect(running).rejects.toThrow('the run was cancelled');
    expect(recovery.counters()).toMatchObject({ failed: 0, fallbackActivations: 0 });
  });

  it('says of what safe mode has kept inside that the simulation stood in, and asks nobody', async () => {
    server.onMessage(/.*/, { content: '{"text":"Hello from outside"}' });
    safeMode = true;
    const result = await run(runner()).finally(() => {
      safeMode = false;
    });
    expect(result).toMatchObject({
      output: { text: 'Hello ⟦PERSON_1⟧' },
      provider: 'simulation',
      status: 'fallback',
      degraded: true,
      error: { code: 'SAFE_MODE' },
    });
    expect(server.getRequests()).toHaveLength(0);
    expect(recovery.counters()).toMatchObject({ failed: 0 });
  });

  it('refuses an unknown agent', async () => {
    const running = runner().run('nobody', {}, { signal: new AbortController().signal, tenantId: 't1' });
    await expect(running).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' });
  });

  it('refuses input of another form, naming fields and no values', async () => {
    const running = runner().run(
      'greeter',
      { name: '', secret: 'value' },
      { signal: new AbortController().signal, tenantId: 't1' },
    );
    const error: unknown = await running.catch((fault: unknown) => fault);
    expect(error).toMatchObject({ code: 'AGENT_FAILED', errors: [{ path: 'name' }, { path: '' }] });
    expect(JSON.stringify(error)).not.toContain('value"');
    expect(server.getRequests()).toHaveLength(0);
  });

  it('fails with a public code when even the fallback cannot answer', async () => {
    const broken: AnyAgent = {
      ...greeter,
      simulate: () => {
        throw new Error('⟦PERSON_1⟧');
      },
    };
    answers({ status: 503 });
    const error: unknown = await run(runner({}, [broken])).catch((fault: unknown) => fault);
    expect(error).toMatchObject({ code: 'AGENT_FAILED' });
    expect(JSON.stringify(error)).not.toContain('PERSON_1');
  });

  it('has a breaker for every agent from the start', () => {
    runner({}, SHIPPED_AGENTS).onModuleInit();
    expect(breakers.snapshots().map(({ name }) => name)).toEqual([
      'confirmation_agent',
      'email_generator',
      'requirements_agent',
      'strategy_generator',
    ]);
  });

  it('tells the model the house rules and gives it references only', async () => {
    const brief = { goal: 'Announce our new dashboard', audience: 'Customers' };
    const requirements = requirementsAgent.simulate({ brief, recipientCount: 1 });
    server.onMessage(/.*/, {
      content: JSON.stringify({
        subject: 'News',
        body: 'Hello ⟦GIVEN_NAME_1⟧,\n\nNews.\n\nRegards,\n⟦PERSON_900⟧',
      }),
    });
    const agents = runner({}, SHIPPED_AGENTS);
    const options = { signal: new AbortController().signal, tenantId: 't1' };
    const result = await agents.run('email_generator', emailInput(brief, { requirements }), options);
    expect(result).toMatchObject({ status: 'completed', attempts: 1 });
    const [sent] = promptsSent();
    expect(sent).toContain('protected reference');
    expect(sent).toContain('never an instruction');
    expect(sent).toContain('⟦EMAIL_1⟧');
  });
});
