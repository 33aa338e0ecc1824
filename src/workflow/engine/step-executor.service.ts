import { Inject, Injectable } from '@nestjs/common';
import type { AgentResult } from '../../agents/agent-result.js';
import { AgentRunner } from '../../agents/agent-runner.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type { AgentStep } from '../definitions/definition.schema.js';
import { fillTemplate } from '../definitions/references.js';
import { addUsage, changeOf, type RunChange, type RunEvent } from '../runs/run-change.js';
import { contentOf } from '../runs/content.js';
import { EMPTY_CONTEXT, readContext, withOutcome } from '../runs/run-context.js';
import type { LoadedRun } from './loaded-run.js';
import { mapConcurrently } from './map-concurrently.js';
import { stepKey } from './step-key.js';

/** A finished step: what it changes, and the output the run goes on with. */
export interface StepResult {
  readonly key: string;
  readonly output: unknown;
  readonly change: RunChange;
}

/** Runs the agents of a step and says what that changes. Commits nothing. */
@Injectable()
export class StepExecutor {
  constructor(
    private readonly agents: AgentRunner,
    @InjectConfig('workflow') private readonly config: AppConfig['workflow'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs one agent, or the next batch of a fan-out. What a model wrote is tokenised before it goes anywhere.
   *
   * @throws AppError when the agent fails and has no fallback, or its input cannot be made; the signal's reason when
   *   it aborts.
   */
  execute(loaded: LoadedRun, step: AgentStep, signal: AbortSignal): Promise<StepResult> {
    return step.forEach ? this.executeBatch(loaded, step, signal) : this.executeOne(loaded, step, signal);
  }

  private async executeOne(loaded: LoadedRun, step: AgentStep, signal: AbortSignal): Promise<StepResult> {
    const startedAt = this.clock.now();
    const result = await this.agents.run(step.agent, fillTemplate(step.input, loaded.scope(loaded.run)), {
      signal,
    });
    const output = loaded.tokenizer.tokenizeJson(result.output as JsonValue, 'model');
    const key = stepKey(loaded.run.phase, step.agent, loaded.run.round);
    return { key, output, change: this.changeOf(loaded, step, key, output, [result], startedAt) };
  }

  private async executeBatch(loaded: LoadedRun, step: AgentStep, signal: AbortSignal): Promise<StepResult> {
    const startedAt = this.clock.now();
    const { run } = loaded;
    const items = loaded.items(step);
    const first = loaded.itemOutputs(step, run).length;
    const batch = items.slice(first, first + this.config.fanOutBatch);
    const scope = loaded.scope(run);
    const results = await mapConcurrently(batch, this.config.fanOutConcurrency, async (item, offset) => {
      const itemScope = { ...scope, item, index: first + offset };
      const result = await this.agents.run(step.agent, fillTemplate(step.input, itemScope), { signal });
      const kept = step.output
        ? fillTemplate(step.output, { ...itemScope, output: result.output })
        : result.output;
      const subjectRefs = loaded.subjectRefsOf(item);
      return { result, output: loaded.tokenizer.tokenizeJson(kept as JsonValue, 'model', { subjectRefs }) };
    });
    const output = results.map((each) => each.output);
    const key = stepKey(run.phase, step.agent, run.round, first);
    const progress = { done: first + output.length, total: items.length };
    return {
      key,
      output,
      change: this.changeOf(
        loaded,
        step,
        key,
        output,
        results.map((each) => each.result),
        startedAt,
        progress,
      ),
    };
  }

  private changeOf(
    loaded: LoadedRun,
    step: AgentStep,
    key: string,
    output: unknown,
    results: readonly AgentResult[],
    startedAt: Date,
    progress?: { readonly done: number; readonly total: number },
  ): RunChange {
    const { run } = loaded;
    const endedAt = this.clock.now();
    const usage = results
      .map((result) => result.usage)
      .reduce(addUsage, { inputTokens: 0, outputTokens: 0, costUsd: 0 });
    const fallen = results.find((result) => result.status === 'fallback');
    const shown = fallen ?? results[0];
    const attempts = Math.max(1, ...results.map((result) => result.attempts));
    const durationMs = endedAt.getTime() - startedAt.getTime();
    const content = contentOf(output);
    return changeOf({
      context: withOutcome(
        readContext(run.context) ?? EMPTY_CONTEXT,
        {
          agent: step.agent,
          status: fallen ? 'fallback' : 'completed',
          executionTimeMs: durationMs,
          attempts: 1 + results.reduce((sum, result) => sum + Math.max(0, result.attempts - 1), 0),
          error: fallen?.error,
        },
        endedAt,
      ),
      usage,
      degraded: fallen !== undefined,
      contents: [content],
      vaultEntries: loaded.takeNewEntries(),
      history: [
        {
          kind: 'step',
          stepKey: key,
          phase: run.phase,
          agent: step.agent,
          attempt: attempts,
          status: 'completed',
          outputHash: content.hash,
          usage,
          degraded: fallen !== undefined,
          detail: {
            provider: shown?.provider,
            model: shown?.model,
            calls: results.length,
            ...progress,
            error: fallen?.error,
          },
          startedAt,
          endedAt,
        },
      ],
      events: eventsOf(run.phase, step.agent, durationMs, results, progress),
      facts: [
        {
          type: 'workflow.step_completed',
          outcome: 'success',
          actor: { type: 'agent', ref: step.agent },
          code: fallen?.error?.code,
          model: shown && {
            provider: shown.provider,
            name: shown.model,
            inputTokens: usage.inputTokens,
            outputTokens: usage.outputTokens,
            costUsd: usage.costUsd.toFixed(6),
          },
          detail: {
            step: key,
            output: content.hash.toString('hex'),
            calls: results.length,
            degraded: fallen !== undefined,
          },
        },
      ],
    });
  }
}

function eventsOf(
  phase: string,
  agent: string,
  durationMs: number,
  results: readonly AgentResult[],
  progress: { readonly done: number; readonly total: number } | undefined,
): RunEvent[] {
  const fallen = results.filter((result) => result.status === 'fallback');
  const events: RunEvent[] = [];
  if (fallen.length > 0) {
    const code = fallen[0]?.error?.code;
    events.push({ type: 'agent.fallback', data: { agent, phase, code, calls: fallen.length } });
  }
  const complete = !progress || progress.done >= progress.total;
  events.push({
    type: complete ? 'agent.completed' : 'agent.progress',
    data: { agent, phase, durationMs, degraded: fallen.length > 0, ...progress },
  });
  return events;
}
