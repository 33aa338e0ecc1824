import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { ERROR_CATALOGUE } from '../../kernel/error-catalogue.js';
import type { AgentStep } from '../definitions/step.schema.js';
import { giveNotice } from '../review/give-notice.js';
import { joinChanges, NO_CHANGE, type RunChange } from '../runs/run-change.js';
import { readWaitingFor, signalsAwaited } from '../runs/waiting-for.js';
import { decideNext, type NextAction } from '../workflow.states.js';
import type { Segment } from './segment.js';
import { stepCancelled } from './step-changes.js';
import { Transitions } from './transitions.service.js';
import { Waits } from './waits.service.js';

/** Whose turn it is with a run. */
export type Turn =
  | { readonly kind: 'run'; readonly steps: readonly AgentStep[] }
  /** Listening, it waits for a signal: one may have come just before that was committed. */
  | { readonly kind: 'rest'; readonly listening: boolean };

/** Actions that change the run and after which there is a next one. */
type Decided = Exclude<NextAction, { kind: 'run-agents' | 'retry-later' | 'wait' }>;

/** Does with a run all that needs no agent, and says whose turn it is then. Commits nothing. */
@Injectable()
export class Advancer {
  constructor(
    private readonly transitions: Transitions,
    private readonly waits: Waits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The steps to be run next are announced already. */
  async advance(segment: Segment): Promise<Turn> {
    for (;;) {
      const { loaded, run } = segment;
      const action = decideNext(loaded.definition, loaded.view(run), segment.now(this.clock.now()));
      switch (action.kind) {
        case 'wait':
          return { kind: 'rest', listening: signalsAwaited(readWaitingFor(run.waitingFor)).length > 0 };
        case 'retry-later':
          this.waits.retryLater(segment, action.at);
          return { kind: 'rest', listening: false };
        case 'run-agents':
          if (run.waitingFor !== null) segment.add(this.waits.leave(segment));
          for (const step of action.steps) segment.announce(step);
          return { kind: 'run', steps: action.steps };
        default:
          segment.add(await this.decided(segment, action));
      }
    }
  }

  private decided(segment: Segment, action: Decided): Promise<RunChange> | RunChange {
    const { loaded, run } = segment;
    switch (action.kind) {
      case 'enter':
        return this.transitions.enter(loaded, run, action.phase, segment.enterPhase(this.clock.now()));
      case 'make-artifact':
        return this.transitions.makeArtifact(loaded, run);
      case 'request-approval':
        return this.transitions.requestApproval(loaded, run);
      case 'expire-approval':
        return this.transitions.expireApproval(loaded);
      case 'give-notice':
        return giveNotice(loaded, segment.now(this.clock.now()));
      case 'complete':
        return this.transitions.complete(loaded, run, segment.enterPhase(this.clock.now()));
      case 'cancel-agents':
        return this.cancelled(segment, action.steps);
      case 'fail-join':
        return joinChanges(
          this.cancelled(segment, action.open),
          this.transitions.fail(run, 'JOIN_NOT_MET', ERROR_CATALOGUE.JOIN_NOT_MET.title),
        );
      case 'begin-wait':
        return this.waits.begin(segment, action.key, action.step);
      case 'end-wait':
        return this.waits.end(segment, action);
      case 'time-out':
        return this.waits.timeOut(segment);
      default:
        return unreachable(action);
    }
  }

  private cancelled({ loaded }: Segment, steps: readonly AgentStep[]): RunChange {
    return steps
      .map((step) => {
        const { change, record } = stepCancelled(loaded, step, this.clock.now());
        loaded.steps.note(record);
        return change;
      })
      .reduce(joinChanges, NO_CHANGE);
  }
}

function unreachable(action: never): RunChange {
  throw new TypeError(`unknown action ${JSON.stringify(action)}`);
}
