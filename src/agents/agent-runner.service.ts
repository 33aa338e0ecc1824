import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { BreakerRegistry } from '../error-recovery/breaker-registry.js';
import { ErrorRecovery, type RecoveryOutcome } from '../error-recovery/error-recovery.service.js';
import { isUnsafe } from '../compliance/state/active-content.js';
import { AppError } from '../kernel/app-error.js';
import { ERROR_CATALOGUE } from '../kernel/error-catalogue.js';
import { isStorable } from '../kernel/storable.js';
import { LanguageModels } from '../llm/language-models.service.js';
import { ModelError } from '../llm/model-error.js';
import type { ModelAnswer, ModelUsage } from '../llm/model-request.js';
import { addUsage, NO_USAGE } from '../llm/model-usage.js';
import { SIMULATION } from '../llm/providers/simulation.provider.js';
import type { AnyAgent } from './agent.js';
import { repairNote } from './agent-prompt.js';
import { promptVersionOf } from './prompt-version.js';
import { AGENTS } from './agent-registry.js';
import type { AgentResult } from './agent-result.js';
import { hasForeignReference } from './protected-references.js';

type Failure = Extract<RecoveryOutcome<unknown>, { ok: false }>;

/** Runs agents: checks what goes in and comes out, recovers from failures and falls back to the agent's own work. */
@Injectable()
export class AgentRunner implements OnModuleInit {
  private readonly logger = new Logger(AgentRunner.name);
  private readonly byName: ReadonlyMap<string, AnyAgent>;

  constructor(
    @Inject(AGENTS) private readonly agents: readonly AnyAgent[],
    private readonly models: LanguageModels,
    private readonly recovery: ErrorRecovery,
    private readonly breakers: BreakerRegistry,
  ) {
    this.byName = new Map(agents.map((agent) => [agent.name, agent]));
  }

  /** Makes the breakers, so that they can be seen before the first call. */
  onModuleInit(): void {
    for (const { name } of this.agents) this.breakers.obtain(name);
  }

  /** Time limit of one attempt of an agent. */
  timeoutMsOf(agent: AnyAgent): number {
    return agent.timeoutMs ?? this.models.timeoutMs;
  }

  /**
   * Whether a value has the form of the agent's answers. Length does not count: tokens, put in for personal data
   * since, are longer than what they stand for.
   */
  isAnswer(name: string, value: unknown): boolean {
    const parsed = this.byName.get(name)?.output.safeParse(value);
    return (
      parsed !== undefined && (parsed.success || parsed.error.issues.every(({ code }) => code === 'too_big'))
    );
  }

  /** Reviews kept texts of an agent; nothing where it has no rules for them. */
  draftReviewer(
    name: string,
    shared: unknown,
  ): ReturnType<NonNullable<AnyAgent['draftReviewer']>> | undefined {
    return this.byName.get(name)?.draftReviewer?.(shared);
  }

  /**
   * Runs the agent of this name.
   *
   * @throws AppError `AGENT_NOT_FOUND`; `AGENT_FAILED` when the input has not the agent's form or even the fallback
   *   fails; the signal's reason when the caller aborts
   */
  async run(name: string, input: unknown, options: RunOptions): Promise<AgentResult> {
    const agent = this.byName.get(name);
    if (!agent) throw new AppError('AGENT_NOT_FOUND');
    const checked = checkInput(agent, input);
    const refused: Refusals = { usage: NO_USAGE, faults: [] };
    const outcome = await this.recovery.execute(
      agent.name,
      {
        timeoutMs: this.timeoutMsOf(agent),
        signal: options.signal,
        isRetryable: (error) => !(error instanceof ModelError) || error.retryable,
        retryAfterMs: (error) => (error instanceof ModelError ? error.retryAfterMs : undefined),
      },
      (signal) => this.ask(agent, checked, { ...options, signal }, refused),
    );
    if (!outcome.ok && outcome.reason === 'aborted') throw outcome.error;
    if (!outcome.ok) return this.fallBack(agent, checked, outcome, refused.usage);
    const { output, usage, provider, model } = outcome.value;
    return {
      output,
      usage: addUsage(usage, refused.usage),
      provider,
      model,
      promptVersion: promptVersionOf(agent.system(checked)),
      ...this.standingOf(provider),
      attempts: outcome.attempts,
      durationMs: outcome.durationMs,
    };
  }

  /** What another than the configured provider has said, was said in its place: that of safe mode. */
  private standingOf(provider: string): Pick<AgentResult, 'status' | 'degraded' | 'error'> {
    if (provider === this.models.provider) return { status: 'completed', degraded: false };
    const error = { code: 'SAFE_MODE', message: ERROR_CATALOGUE.SAFE_MODE.title } as const;
    return { status: 'fallback', degraded: true, error };
  }

  private async ask(
    agent: AnyAgent,
    input: unknown,
    { signal, tenantId }: RunOptions,
    refused: Refusals,
  ): Promise<ModelAnswer<unknown>> {
    const task = agent.prompt(input);
    try {
      const answer = await this.models.generate({
        agent: agent.name,
        tenantId,
        system: agent.system(input),
        prompt: refused.faults.length === 0 ? task : task + repairNote(refused.faults),
        schema: agent.output,
        simulate: () => agent.simulate(input),
        signal,
      });
      refused.faults = faultsOf(agent, input, answer.output);
      if (refused.faults.length > 0) throw new ModelError('invalid_answer', { usage: answer.usage });
      return answer;
    } catch (error) {
      if (error instanceof ModelError) noteRefusal(error, refused);
      throw error;
    }
  }

  private fallBack(agent: AnyAgent, input: unknown, failure: Failure, usage: ModelUsage): AgentResult {
    const error = publicError(failure);
    this.recovery.recordFallback();
    this.logger.warn(
      {
        event: 'agent.fallback',
        agent: agent.name,
        reason: failure.reason,
        attempts: failure.attempts,
        code: error.code,
        // A model's error says all there is to say; anything else is a fault of ours and needs its stack.
        ...(failure.error instanceof ModelError ? { kind: failure.error.kind } : { err: failure.error }),
      },
      'the agent answers with its fallback',
    );
    return {
      output: simulated(agent, input),
      usage,
      ...SIMULATION,
      status: 'fallback',
      degraded: true,
      attempts: failure.attempts,
      durationMs: failure.durationMs,
      error,
    };
  }
}

interface RunOptions {
  /** Ends the work. */
  readonly signal: AbortSignal;
  /** For whom. */
  readonly tenantId: string;
}

/** What the attempts of one run have cost and taught so far. */
interface Refusals {
  usage: ModelUsage;
  faults: readonly string[];
}

function noteRefusal(error: ModelError, refused: Refusals): void {
  if (error.usage) refused.usage = addUsage(refused.usage, error.usage);
  if (error.kind === 'invalid_answer' && refused.faults.length === 0) {
    refused.faults = ['it was not one JSON object valid against the schema'];
  }
}

function checkInput(agent: AnyAgent, input: unknown): unknown {
  const parsed = agent.input.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AppError('AGENT_FAILED', {
    detail: `The input of ${agent.name} does not have the required form`,
    errors: parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
  });
}

function faultsOf(agent: AnyAgent, input: unknown, output: unknown): string[] {
  // Kept, it would fail in the database each time the step is tried again.
  if (!isStorable(output)) return ['it contained characters that are not text'];
  // What users have given is stopped at the gate: no model is to blame for repeating it.
  if (holdsActiveContent(output) && !holdsActiveContent(input))
    return ['it contained markup, control characters or hidden characters'];
  const faults = agent.check?.(input, output) ?? [];
  if (!hasForeignReference(input, output)) return faults;
  return [...faults, 'it contained a ⟦…⟧ reference that is not in the input or was altered'];
}

/** A draft with it would be stopped at the gate; asked again, the model can do better. */
function holdsActiveContent(value: unknown): boolean {
  if (typeof value === 'string') return isUnsafe(value, 'body');
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsActiveContent);
}

function simulated(agent: AnyAgent, input: unknown): unknown {
  try {
    return agent.output.parse(agent.simulate(input));
  } catch (cause) {
    // A schema error tells what was written; only its kind may travel on.
    const detail = `${agent.name} failed and its fallback could not answer`;
    throw new AppError('AGENT_FAILED', {
      detail,
      cause: cause instanceof Error ? cause.name : 'unknown fault',
    });
  }
}

function publicError({ reason, error }: Failure): NonNullable<AgentResult['error']> {
  if (reason === 'breaker_open')
    return { code: 'BREAKER_OPEN', message: 'The circuit breaker of the agent is open' };
  if (reason === 'timeout') return { code: 'MODEL_UNAVAILABLE', message: 'The model did not answer in time' };
  const message = error instanceof ModelError ? error.message : 'The call of the model failed';
  return { code: 'MODEL_UNAVAILABLE', message };
}
