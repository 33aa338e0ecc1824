import type { AgentResult } from '../../agents/agent-result.js';
import type { AgentStep } from '../definitions/step.schema.js';
import { contentOf } from '../runs/content.js';
import { addUsage, changeOf, type RunChange, type RunEvent } from '../runs/run-change.js';
import { EMPTY_CONTEXT, readContext, withOutcome } from '../runs/run-context.js';
import type { LoadedRun } from './loaded-run.js';
import { namedAs } from './segment.js';
import type { StepRecord } from './step-log.js';
import type { StepFailure, StepOutcome } from './step-task.js';

/** What a finished piece of work changes, and what the run remembers of it. */
export interface StepChange {
  readonly change: RunChange;
  readonly record: StepRecord;
}

/** A step with its answer. */
export function stepMade(loaded: LoadedRun, outcome: StepOutcome): StepChange {
  return madeOf(loaded, [outcome], { key: outcome.task.key, output: outcome.output, detail: {} });
}

/**
 * Items of a fan-out that have finished, as one piece: those with an answer, and those given up. It bears the name of
 * the first answer in it, for items given up may be tried again later.
 *
 * @param outcomes in the order of their items.
 */
export function itemsMade(loaded: LoadedRun, step: AgentStep, outcomes: readonly StepOutcome[]): StepChange {
  const key = loaded.keyOf(step, loaded.run);
  const made = outcomes.filter(({ failure }) => !failure);
  const failed = outcomes.flatMap((each) =>
    each.failure ? [{ index: indexOf(each), code: each.failure.code }] : [],
  );
  const indexes = made.map(indexOf);
  const first = indexes[0] ?? failed[0]?.index ?? 0;
  const isPlain = failed.length === 0 && indexes.every((index, position) => index === first + position);
  const before = loaded.steps.itemCounts(key);
  const failures = before.failed + failed.length;
  return madeOf(loaded, outcomes, {
    key: `${key}/${first}`,
    output: made.length > 0 ? made.map(({ output }) => output) : undefined,
    detail: { ...(isPlain ? {} : { indexes }), ...(failed.length > 0 && { failed }) },
    progress: {
      done: before.made + before.failed + outcomes.length,
      total: loaded.items(step).length,
      ...(failures > 0 && { failed: failures }),
    },
  });
}

interface Made {
  readonly key: string;
  /** Undefined when there is none: every item of the piece has failed. */
  readonly output: unknown;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly progress?: { readonly done: number; readonly total: number };
}

function madeOf(loaded: LoadedRun, outcomes: readonly StepOutcome[], made: Made): StepChange {
  const { run } = loaded;
  const [{ task }] = outcomes as [StepOutcome];
  const { step } = task;
  const results = outcomes.flatMap(({ result }) => result ?? []);
  const startedAt = new Date(Math.min(...outcomes.map((each) => each.startedAt.getTime())));
  const endedAt = new Date(Math.max(...outcomes.map((each) => each.endedAt.getTime())));
  const usage = usageOf(results);
  const fallen = results.find((result) => result.status === 'fallback');
  const shown = fallen ?? results[0];
  const durationMs = endedAt.getTime() - startedAt.getTime();
  const content = made.output === undefined ? undefined : contentOf(made.output);
  const status = content ? 'completed' : 'failed';
  const failure = content ? fallen?.error : outcomes[0]?.failure;
  const detail = {
    provider: shown?.provider,
    model: shown?.model,
    promptVersion: shown?.promptVersion,
    calls: results.length,
    ...namedAs(step),
    ...made.progress,
    ...made.detail,
    error: fallen?.error,
  };
  const change = changeOf({
    context: withOutcome(
      readContext(run.context) ?? EMPTY_CONTEXT,
      {
        agent: step.agent,
        status: !content ? 'failed' : fallen ? 'fallback' : 'completed',
        executionTimeMs: durationMs,
        attempts: 1 + results.reduce((sum, result) => sum + Math.max(0, result.attempts - 1), 0),
        error: failure,
      },
      endedAt,
    ),
    usage,
    degraded: content !== undefined && fallen !== undefined,
    contents: content ? [content] : [],
    vaultEntries: loaded.takeNewEntries(),
    history: [
      {
        kind: 'step',
        stepKey: made.key,
        phase: run.phase,
        agent: step.agent,
        attempt: Math.max(
          1,
          ...results.map((result) => result.attempts),
          ...outcomes.map((each) => each.task.attempt),
        ),
        status,
        outputHash: content?.hash,
        usage,
        degraded: fallen !== undefined,
        detail,
        startedAt,
        endedAt,
      },
    ],
    events: eventsOf(run.phase, step, durationMs, results, made.progress),
    facts: [
      {
        type: content ? 'workflow.step_completed' : 'workflow.step_failed',
        outcome: content ? 'success' : 'failure',
        actor: { type: 'agent', ref: step.agent },
        code: failure?.code,
        model: shown && {
          provider: shown.provider,
          name: shown.model,
          promptVersion: shown.promptVersion,
          inputTokens: usage.inputTokens,
          outputTokens: usage.outputTokens,
          costUsd: usage.costUsd.toFixed(6),
        },
        detail: {
          step: made.key,
          ...(content && { output: content.hash.toString('hex') }),
          calls: results.length,
          degraded: fallen !== undefined,
        },
      },
    ],
  });
  return { change, record: { key: made.key, status, output: made.output, detail } };
}

/** An attempt that is followed by another one. */
export function stepRetried(
  loaded: LoadedRun,
  outcome: StepOutcome,
  failure: StepFailure,
  retryAt: Date,
): StepChange {
  return lostOf(loaded, outcome, failure, 'retried', { retryAt: retryAt.toISOString() });
}

/** A step that has failed for good, in a phase that goes on without it. */
export function stepFailed(loaded: LoadedRun, outcome: StepOutcome, failure: StepFailure): StepChange {
  return lostOf(loaded, outcome, failure, 'failed', {});
}

function lostOf(
  loaded: LoadedRun,
  { task, result, startedAt, endedAt }: StepOutcome,
  failure: StepFailure,
  status: 'retried' | 'failed',
  more: Readonly<Record<string, unknown>>,
): StepChange {
  const { run } = loaded;
  const { step, key, attempt, item } = task;
  const detail = { ...failure, ...namedAs(step), ...(item && { index: item.index }), ...more };
  const usage = result ? usageOf([result]) : undefined;
  const told = {
    agent: step.agent,
    ...namedAs(step),
    phase: run.phase,
    code: failure.code,
    attempt,
    ...more,
  };
  const change = changeOf({
    context: withOutcome(
      readContext(run.context) ?? EMPTY_CONTEXT,
      {
        agent: step.agent,
        status: 'failed',
        executionTimeMs: endedAt.getTime() - startedAt.getTime(),
        attempts: status === 'retried' ? 2 : 1,
        error: failure,
      },
      endedAt,
    ),
    usage,
    vaultEntries: loaded.takeNewEntries(),
    history: [
      {
        kind: 'step',
        stepKey: key,
        phase: run.phase,
        agent: step.agent,
        attempt,
        status,
        usage,
        detail,
        startedAt,
        endedAt,
      },
    ],
    events: [{ type: status === 'retried' ? 'agent.retried' : 'agent.failed', data: told }],
    facts: [
      {
        type: status === 'retried' ? 'workflow.step_retried' : 'workflow.step_failed',
        outcome: 'failure',
        actor: { type: 'agent', ref: step.agent },
        code: failure.code,
        detail: { step: key, attempt },
      },
    ],
  });
  return { change, record: { key, status, output: undefined, detail } };
}

/** A step whose answer is not needed any more. */
export function stepCancelled(loaded: LoadedRun, step: AgentStep, now: Date): StepChange {
  const { run } = loaded;
  const key = loaded.keyOf(step, run);
  const change = changeOf({
    history: [
      {
        kind: 'step',
        stepKey: key,
        phase: run.phase,
        agent: step.agent,
        status: 'cancelled',
        detail: namedAs(step),
        startedAt: now,
        endedAt: now,
      },
    ],
    events: [{ type: 'agent.cancelled', data: { agent: step.agent, ...namedAs(step), phase: run.phase } }],
    facts: [
      {
        type: 'workflow.step_cancelled',
        outcome: 'success',
        actor: { type: 'system', ref: 'engine' },
        detail: { step: key },
      },
    ],
  });
  return { change, record: { key, status: 'cancelled', output: undefined, detail: undefined } };
}

function indexOf({ task }: StepOutcome): number {
  return task.item?.index ?? 0;
}

function usageOf(results: readonly AgentResult[]) {
  return results
    .map((result) => result.usage)
    .reduce(addUsage, { inputTokens: 0, outputTokens: 0, costUsd: 0 });
}

function eventsOf(
  phase: string,
  step: AgentStep,
  durationMs: number,
  results: readonly AgentResult[],
  progress: Made['progress'],
): RunEvent[] {
  const named = { agent: step.agent, ...namedAs(step), phase };
  const fallen = results.filter((result) => result.status === 'fallback');
  const events: RunEvent[] = [];
  if (fallen.length > 0) {
    const code = fallen[0]?.error?.code;
    events.push({ type: 'agent.fallback', data: { ...named, code, calls: fallen.length } });
  }
  const complete = !progress || progress.done >= progress.total;
  events.push({
    type: complete ? 'agent.completed' : 'agent.progress',
    data: { ...named, durationMs, degraded: fallen.length > 0, ...progress },
  });
  return events;
}
