import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type { AgentStep } from '../definitions/definition.schema.js';
import type { RunChange } from '../runs/run-change.js';
import { decideNext, type NextAction } from '../workflow.states.js';
import type { Segment } from './segment.js';
import { Transitions } from './transitions.service.js';

/** Does with a run all that needs no agent, and says whose turn it is then. Commits nothing. */
@Injectable()
export class Advancer {
  constructor(
    private readonly transitions: Transitions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The step to be run next, already announced; undefined when the run waits or has ended. */
  async advance(segment: Segment): Promise<AgentStep | undefined> {
    for (;;) {
      const { loaded, run } = segment;
      const action = decideNext(loaded.definition, loaded.view(run), this.clock.now());
      if (action.kind === 'wait') return undefined;
      if (action.kind === 'run-agent') {
        segment.announce(action.step);
        return action.step;
      }
      segment.add(await this.decided(segment, action));
    }
  }

  private decided(segment: Segment, action: Exclude<NextAction, { kind: 'run-agent' | 'wait' }>) {
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
      case 'complete':
        return this.transitions.complete(loaded, run, segment.enterPhase(this.clock.now()));
      default:
        return unreachable(action);
    }
  }
}

function unreachable(action: never): RunChange {
  throw new TypeError(`unknown action ${JSON.stringify(action)}`);
}
