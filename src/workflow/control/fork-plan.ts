import { isDeepStrictEqual } from 'node:util';
import { tokensIn } from '../../compliance/pii/operators/tokenizer.js';
import { PHASES, type Phase } from '../../compliance/state/phases.js';
import { fillTemplate, type Scope } from '../definitions/references.js';
import { type AgentStep, isAgentStep, type Step, stepNameOf } from '../definitions/step.schema.js';
import type { LoadedRun } from '../engine/loaded-run.js';
import { readStepKey, stepKey, type StepName, waitKey } from '../engine/step-key.js';
import { itemsIn } from '../engine/step-log.js';

/** A finished step of the run that is forked. */
export interface SourceStep {
  readonly seq: number;
  readonly kind: 'step' | 'wait';
  readonly stepKey: string;
  readonly output: unknown;
  readonly outputHash: Buffer;
  readonly degraded: boolean;
  readonly detail: unknown;
}

/** A step that the fork takes over. */
export interface ReplayedStep extends SourceStep {
  /** The step as the fork names it. */
  readonly name: StepName & { readonly key: string };
  /** Absent for a wait. */
  readonly agent?: string;
}

/** What is compared. */
export interface Fork {
  readonly source: LoadedRun;
  /** The fork before anything was done with it; it learns what it takes over. */
  readonly fork: LoadedRun;
  readonly fromPhase: Phase;
  /** Whether the fork has an input of its own. */
  readonly hasNewInput: boolean;
  /** Whether what a token stands for can still be read. */
  readonly isReadable: (token: string) => boolean;
}

/**
 * Decides which finished steps a fork takes over: those of the phases before the first one it does itself. With an input
 * of its own, only those that would be asked the very same. A step that speaks of somebody who was erased is done again.
 */
export function planReplay(plan: Fork, steps: readonly SourceStep[]): ReplayedStep[] {
  const { source, fork, fromPhase } = plan;
  const replayed: ReplayedStep[] = [];
  for (const phase of PHASES.slice(0, PHASES.indexOf(fromPhase))) {
    for (const [position, step] of source.definition.phases[phase].agents.entries()) {
      const isSame = plan.hasNewInput && isAgentStep(step) ? samenessOf(plan, step) : () => true;
      for (const made of madeBy(steps, source, phase, step, position)) {
        if (!tokensIn(JSON.stringify(made.output)).every(plan.isReadable) || !isSame(made)) continue;
        replayed.push(made);
        fork.steps.note({
          key: made.name.key,
          status: 'completed',
          output: made.output,
          detail: made.detail,
        });
      }
    }
  }
  return replayed;
}

/** What a step has come to in the newest round, under the names of the fork's first one. */
function madeBy(
  steps: readonly SourceStep[],
  { run }: LoadedRun,
  phase: Phase,
  step: Step,
  position: number,
): ReplayedStep[] {
  const keyIn = (round: number, firstItem?: number) =>
    isAgentStep(step) ? stepKey(phase, stepNameOf(step), round, firstItem) : waitKey(phase, position, round);
  return steps.flatMap((made) => {
    const { firstItem, ...name } = readStepKey(made.stepKey);
    if (keyIn(run.round, firstItem) !== made.stepKey) return [];
    const agent = isAgentStep(step) ? step.agent : undefined;
    return [{ ...made, agent, name: { ...name, firstItem, key: keyIn(0, firstItem) } }];
  });
}

/** Tells of what a step has made whether it would be asked the same again. */
function samenessOf({ source, fork }: Fork, step: AgentStep): (made: ReplayedStep) => boolean {
  const before = source.scope(source.run);
  // What reviewers have said of the source belongs to what it was asked; a fork that takes the answer takes that too.
  const after = { ...fork.scope(fork.run), review: before.review };
  const isAskedSame = (one: Scope, other: Scope) =>
    isDeepStrictEqual(fillTemplate(step.input, one), fillTemplate(step.input, other));
  if (!step.forEach) return () => isAskedSame(before, after);
  const [items, others] = [source.items(step), fork.items(step)];
  return ({ output, detail, name: { firstItem = 0 } }) => {
    if (!Array.isArray(output)) return false;
    const { indexes } = itemsIn(detail);
    return output.every((_, offset) => {
      const index = indexes?.[offset] ?? firstItem + offset;
      const [item, other] = [items[index], others[index]];
      return (
        isDeepStrictEqual(item, other) &&
        isAskedSame({ ...before, item, index }, { ...after, item: other, index })
      );
    });
  };
}
