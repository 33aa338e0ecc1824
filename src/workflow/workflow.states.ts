import { followingPhase, isEnded, type Phase, type RunStatus } from '../compliance/state/phases.js';
import type { AgentStep, WorkflowDefinition } from './definitions/definition.schema.js';

/** What the decision rests on. */
export interface RunView {
  readonly status: RunStatus;
  readonly phase: Phase;
  /** Agents of the present phase and round whose work is complete. */
  readonly doneAgents: ReadonlySet<string>;
  /** Whether the phase's artefact of this round has been made. */
  readonly artifactMade: boolean;
  /** The approval of this round. */
  readonly approval?: { readonly status: string; readonly expiresAt: Date };
  /** Whether the delivery has reported that every message has a known outcome. */
  readonly deliverySettled: boolean;
}

/** What is to be done next with a run. */
export type NextAction =
  | { readonly kind: 'run-agent'; readonly step: AgentStep }
  | { readonly kind: 'make-artifact' }
  | { readonly kind: 'request-approval' }
  | { readonly kind: 'enter'; readonly phase: Phase }
  | { readonly kind: 'complete' }
  | { readonly kind: 'expire-approval' }
  | { readonly kind: 'wait' };

/**
 * Decides what follows, from the definition and the state alone. The order inside a phase is fixed: its agents,
 * its artefact, its approval or delivery, then the next phase.
 */
export function decideNext(definition: WorkflowDefinition, view: RunView, now: Date): NextAction {
  if (isEnded(view.status)) return { kind: 'wait' };
  const phase = definition.phases[view.phase];
  const step = phase.agents.find((each) => !view.doneAgents.has(each.agent));
  if (step) return { kind: 'run-agent', step };
  if (phase.artifact && !view.artifactMade) return { kind: 'make-artifact' };
  if (view.phase === 'REVIEW' && phase.approval) return afterReview(view, now);
  if (view.phase === 'DELIVERY' && phase.delivery && !view.deliverySettled) return { kind: 'wait' };
  const next = followingPhase(view.phase);
  return next === 'COMPLETED' ? { kind: 'complete' } : { kind: 'enter', phase: next };
}

function afterReview({ approval }: RunView, now: Date): NextAction {
  switch (approval?.status) {
    case undefined:
      return { kind: 'request-approval' };
    case 'approved':
      return { kind: 'enter', phase: 'DELIVERY' };
    case 'changes_requested':
      return { kind: 'enter', phase: 'GENERATION' };
    case 'pending':
      return approval && approval.expiresAt <= now ? { kind: 'expire-approval' } : { kind: 'wait' };
    default:
      // Rejected, expired and cancelled approvals have ended the run in the same commit.
      return { kind: 'wait' };
  }
}
