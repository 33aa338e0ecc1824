import type { AgentResult } from '../../agents/agent-result.js';
import { type AgentStep, isAgentStep } from '../definitions/step.schema.js';
import type { Scope } from '../definitions/references.js';
import type { LoadedRun } from './loaded-run.js';

/** One call of an agent: for a step, or for one item of its fan-out. */
export interface StepTask {
  readonly step: AgentStep;
  readonly key: string;
  /** What its templates refer to. */
  readonly scope: Scope;
  /** With a fan-out. */
  readonly item?: { readonly index: number; readonly value: unknown };
  /** Which attempt of the step's policy it is, from 1. */
  readonly attempt: number;
  /** How long it is to be put off. */
  readonly delayMs: number;
}

/** What became of a call. */
export interface StepOutcome {
  readonly task: StepTask;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Absent when the agent gave none. */
  readonly result?: AgentResult;
  /** What is kept of the answer, tokenised; for outcomes without a failure. */
  readonly output?: unknown;
  readonly failure?: StepFailure;
}

export interface StepFailure {
  readonly code: string;
  readonly message: string;
}

/** The calls that a step still needs and that may be made now. */
export function tasksOf(loaded: LoadedRun, step: AgentStep, now: Date): StepTask[] {
  const { steps, run } = loaded;
  const key = loaded.keyOf(step, run);
  const scope = loaded.scope(run);
  const taskOf = (name: string, item?: StepTask['item']): StepTask[] => {
    const retried = steps.retried(name);
    if (retried && retried.notBefore > now) return [];
    return [{ step, key: name, scope, item, attempt: (retried?.attempts ?? 0) + 1, delayMs: 0 }];
  };
  if (!step.forEach) return taskOf(key);
  const leftOut = loaded.leftOutOf(step);
  return loaded
    .items(step)
    .flatMap((value, index) =>
      leftOut.has(index) || steps.hasItem(key, index) ? [] : taskOf(`${key}/${index}`, { index, value }),
    );
}

/** The steps of the run's phase that are not done. */
export function openSteps(loaded: LoadedRun): AgentStep[] {
  const { run, definition } = loaded;
  const views = loaded.view(run).steps;
  return definition.phases[run.phase].agents.filter(
    (step, index): step is AgentStep => isAgentStep(step) && views[index]?.state === 'open',
  );
}
