import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { isEnded } from '../../compliance/state/phases.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { JobContext } from '../../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type { AgentStep } from '../definitions/step.schema.js';
import { decideNext, isFailureTolerated } from '../workflow.states.js';
import { decideRetry, isFinal, LONGEST_PAUSE_MS } from './retry-policy.js';
import type { Segment } from './segment.js';
import {
  itemsMade,
  type StepChange,
  stepCancelled,
  stepFailed,
  stepMade,
  stepRetried,
} from './step-changes.js';
import { StepExecutor } from './step-executor.service.js';
import { openSteps, type StepFailure, type StepOutcome, type StepTask, tasksOf } from './step-task.js';
import { type Lane, TaskPool } from './task-pool.js';
import { Transitions } from './transitions.service.js';

type Pool = TaskPool<StepTask, StepOutcome>;

/**
 * Runs steps of a phase side by side. What has finished is committed while the others go on: one commit after the
 * other, each with all that has finished meanwhile. What finishes last is left to be committed with what follows.
 */
@Injectable()
export class StepRunner {
  constructor(
    private readonly executor: StepExecutor,
    private readonly transitions: Transitions,
    @InjectConfig('workflow') private readonly config: AppConfig['workflow'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @param commit commits what the segment holds.
   * @throws whatever is no outcome of an agent, once what has finished is committed; the signal's reason.
   */
  async run(
    segment: Segment,
    steps: readonly AgentStep[],
    { signal, draining }: JobContext,
    commit: () => Promise<void>,
  ): Promise<void> {
    const pool = this.poolOf(segment, steps, signal, draining);
    try {
      for (;;) {
        const outcomes = await pool.next();
        if (outcomes.length === 0) break;
        this.record(segment, pool, outcomes);
        if (pool.isIdle) break;
        await commit();
        pool.release(outcomes);
      }
    } finally {
      await pool.close();
    }
    signal.throwIfAborted();
    if (pool.fault === undefined) return;
    await commit();
    throw pool.fault;
  }

  private poolOf(
    segment: Segment,
    steps: readonly AgentStep[],
    signal: AbortSignal,
    draining: AbortSignal,
  ): Pool {
    const { loaded, run } = segment;
    const { concurrency } = loaded.definition.phases[run.phase];
    const now = segment.now(this.clock.now());
    const lanes = steps.map((step) => this.laneOf(step, tasksOf(loaded, step, now)));
    return new TaskPool(lanes, {
      maxLanes: concurrency ?? lanes.length,
      mayStart: () => !draining.aborted && !signal.aborted,
      work: async (task, stop) => {
        const ended = AbortSignal.any([signal, stop]);
        if (task.delayMs > 0 && !(await paused(task.delayMs, AbortSignal.any([ended, draining]))))
          return undefined;
        return this.executor.execute(loaded, task, ended);
      },
    });
  }

  /** No more items are under way or uncommitted than a crash may cost. */
  private laneOf(step: AgentStep, tasks: StepTask[]): Lane<StepTask> {
    const { fanOutBatch, fanOutConcurrency } = this.config;
    return step.forEach
      ? { tasks, limit: fanOutConcurrency, maxUncommitted: fanOutBatch }
      : { tasks, limit: 1, maxUncommitted: 1 };
  }

  /** Answers first: they are paid for, whatever a failure beside them leads to. */
  private record(segment: Segment, pool: Pool, outcomes: readonly StepOutcome[]): void {
    const verdicts = outcomes.map((outcome) => ({ outcome, ...this.verdictOn(outcome) }));
    const kept = verdicts.filter(({ kind }) => kind === 'kept').map(({ outcome }) => outcome);
    for (const [step, made] of Map.groupBy(kept, ({ task }) => task.step)) this.keep(segment, step, made);
    for (const { outcome, kind, delayMs } of verdicts) {
      if (kind === 'retried') this.retry(segment, pool, outcome, delayMs ?? 0);
    }
    for (const { outcome, kind } of verdicts) {
      if (kind === 'failed' && !isEnded(segment.run.status)) this.fail(segment, outcome);
    }
    if (!this.isWanted(segment)) pool.cancel();
  }

  private verdictOn({ task: { step, item, attempt }, failure, result }: StepOutcome): {
    readonly kind: 'kept' | 'retried' | 'failed';
    readonly delayMs?: number;
  } {
    if (!failure) return { kind: 'kept' };
    const delayMs = decideRetry(step.retry, attempt, failure.code);
    if (delayMs !== undefined) return { kind: 'retried', delayMs };
    // The last attempt may take what the fallback has to say.
    if (result && step.onFallback !== 'fail') return { kind: 'kept' };
    if (isFinal(failure.code)) return { kind: 'failed' };
    if (item && step.onItemFailure === 'continue') return { kind: 'kept' };
    return { kind: 'failed' };
  }

  private keep(segment: Segment, step: AgentStep, outcomes: readonly StepOutcome[]): void {
    const { loaded } = segment;
    const accepted = outcomes.map((each) =>
      each.result && step.onFallback !== 'fail' ? { ...each, failure: undefined } : each,
    );
    if (!step.forEach) {
      for (const outcome of accepted) add(segment, stepMade(loaded, outcome));
      return;
    }
    const ordered = accepted.toSorted(
      (one, other) => (one.task.item?.index ?? 0) - (other.task.item?.index ?? 0),
    );
    add(segment, itemsMade(loaded, step, ordered));
    const { made, failed } = loaded.steps.itemCounts(loaded.keyOf(step, segment.run), loaded.leftOutOf(step));
    const [failure] = ordered.flatMap((each) => each.failure ?? []);
    // A list of nothing is not what the phase was there to make.
    if (failure && made === 0 && failed >= loaded.items(step).length) {
      segment.add(this.transitions.fail(segment.run, failure.code, 'Every item has failed.', step.agent));
    }
  }

  private retry(segment: Segment, pool: Pool, outcome: StepOutcome, delayMs: number): void {
    const { task, failure } = outcome;
    const retryAt = new Date(this.clock.now().getTime() + delayMs);
    add(segment, stepRetried(segment.loaded, outcome, failure as StepFailure, retryAt));
    if (delayMs <= LONGEST_PAUSE_MS) pool.again(outcome, { ...task, attempt: task.attempt + 1, delayMs });
  }

  private fail(segment: Segment, outcome: StepOutcome): void {
    const { loaded, run } = segment;
    const { task, failure } = outcome;
    const { code, message } = failure as StepFailure;
    const phase = loaded.definition.phases[run.phase];
    if (!task.item && !isFinal(code) && isFailureTolerated(phase, task.step)) {
      add(segment, stepFailed(loaded, outcome, failure as StepFailure));
      return;
    }
    if (phase.mode === 'parallel') {
      const others = openSteps(loaded).filter((step) => step !== task.step);
      for (const step of others) add(segment, stepCancelled(loaded, step, this.clock.now()));
    }
    segment.add(this.transitions.fail(run, code, message, task.step.agent));
  }

  /** Whether what is under way is still needed. */
  private isWanted(segment: Segment): boolean {
    const { loaded, run } = segment;
    const { kind } = decideNext(loaded.definition, loaded.view(run), segment.now(this.clock.now()));
    return kind === 'run-agents' || kind === 'retry-later';
  }
}

function add(segment: Segment, { change, record }: StepChange): void {
  segment.add(change);
  segment.loaded.steps.note(record);
}

/** Whether the whole time has passed. */
async function paused(delayMs: number, signal: AbortSignal): Promise<boolean> {
  return pause(delayMs, true, { signal }).catch(() => false);
}
