import type { Phase } from '../../compliance/state/phases.js';
import type { AgentStep } from '../definitions/definition.schema.js';
import type { Run } from '../runs/run.js';
import { changeOf, joinChanges, NO_CHANGE, type RunChange } from '../runs/run-change.js';
import type { LoadedRun } from './loaded-run.js';

/** What was done with a run since its last commit, and the run as it will stand after the next. */
export class Segment {
  /** The run as committed. */
  committed: Run;
  private pending: RunChange = NO_CHANGE;
  private announced: string | undefined;

  /** @param phaseSince when the present phase was entered, as far as known. */
  constructor(
    readonly loaded: LoadedRun,
    private phaseSince: Date,
  ) {
    this.committed = loaded.run;
  }

  /** The run as it stands with the pending change. */
  get run(): Run {
    return this.loaded.run;
  }

  add(change: RunChange): void {
    this.pending = joinChanges(this.pending, change);
    this.loaded.advance({
      ...this.loaded.run,
      status: change.status ?? this.loaded.run.status,
      phase: change.phase ?? this.loaded.run.phase,
      round: change.round ?? this.loaded.run.round,
      context: change.context ?? this.loaded.run.context,
    });
  }

  /** Says that an agent starts; once for all batches of a fan-out. */
  announce(step: AgentStep): void {
    const phase: Phase = this.run.phase;
    const key = `${phase}/${step.agent}/${this.run.round}`;
    if (this.announced === key) return;
    this.announced = key;
    const total = step.forEach ? { items: this.loaded.items(step).length } : {};
    this.add(
      changeOf({
        status: 'RUNNING',
        events: [{ type: 'agent.started', data: { agent: step.agent, phase, ...total } }],
      }),
    );
  }

  /** When the phase being left was entered; the next one starts now. */
  enterPhase(now: Date): Date {
    const since = this.phaseSince;
    this.phaseSince = now;
    return since;
  }

  /** What is to be committed; undefined when there is nothing. */
  take(): RunChange | undefined {
    return this.pending === NO_CHANGE ? undefined : this.pending;
  }

  /** To be called when what was taken is committed. */
  settle(run: Run): void {
    this.pending = NO_CHANGE;
    this.committed = run;
    this.loaded.advance(run);
  }
}
