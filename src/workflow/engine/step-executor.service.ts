import { Inject, Injectable } from '@nestjs/common';
import type { AgentResult } from '../../agents/agent-result.js';
import { AgentRunner } from '../../agents/agent-runner.service.js';
import { AppError } from '../../kernel/app-error.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { ERROR_CATALOGUE } from '../../kernel/error-catalogue.js';
import { fillTemplate } from '../definitions/references.js';
import type { LoadedRun } from './loaded-run.js';
import type { StepFailure, StepOutcome, StepTask } from './step-task.js';

/** Makes one call of an agent and says what became of it. Commits nothing. */
@Injectable()
export class StepExecutor {
  constructor(
    private readonly agents: AgentRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs the agent. What a model wrote is tokenised before it goes anywhere.
   *
   * @returns undefined when the signal has stopped it.
   * @throws whatever is no outcome of the agent.
   */
  async execute(loaded: LoadedRun, task: StepTask, signal: AbortSignal): Promise<StepOutcome | undefined> {
    const startedAt = this.clock.now();
    const limit = limitOf(task, signal);
    let made: Pick<StepOutcome, 'result' | 'output' | 'failure'>;
    try {
      const result = await this.agents.run(task.step.agent, fillTemplate(task.step.input, scopeOf(task)), {
        signal: limit,
        tenantId: loaded.run.tenantId,
      });
      made = { result, output: keptOf(loaded, task, result), failure: fallbackOf(task, result) };
    } catch (error) {
      if (signal.aborted) return undefined;
      made = { failure: limit.aborted ? TIMED_OUT : failureOf(error) };
    }
    return { task, startedAt, endedAt: this.clock.now(), ...made };
  }
}

function scopeOf({ scope, item }: StepTask) {
  return item ? { ...scope, item: item.value, index: item.index } : scope;
}

function limitOf({ step }: StepTask, signal: AbortSignal): AbortSignal {
  if (step.timeoutSeconds === undefined) return signal;
  return AbortSignal.any([signal, AbortSignal.timeout(step.timeoutSeconds * 1_000)]);
}

function keptOf(loaded: LoadedRun, task: StepTask, { output }: AgentResult): JsonValue {
  const { step, item } = task;
  const kept = item && step.output ? fillTemplate(step.output, { ...scopeOf(task), output }) : output;
  const options = item ? { subjectRefs: loaded.subjectRefsOf(item.value) } : {};
  return loaded.tokenizer.tokenizeJson(kept as JsonValue, 'model', options);
}

/** An answer of the fallback is a failure where the step says so, or where another attempt may do better. */
function fallbackOf({ step }: StepTask, { status, error }: AgentResult): StepFailure | undefined {
  if (status !== 'fallback' || (step.onFallback !== 'fail' && !step.retry)) return undefined;
  return error ?? { code: 'MODEL_UNAVAILABLE', message: ERROR_CATALOGUE.MODEL_UNAVAILABLE.title };
}

const TIMED_OUT: StepFailure = { code: 'STEP_TIMED_OUT', message: ERROR_CATALOGUE.STEP_TIMED_OUT.title };

function failureOf(error: unknown): StepFailure {
  if (!(error instanceof AppError)) throw error;
  return { code: error.code, message: error.message };
}
