/** The six phases of a run, in order (W1). */
export const PHASES = [
  'INITIALIZATION',
  'BATCH_DISCOVERY',
  'STRATEGY_ANALYSIS',
  'GENERATION',
  'REVIEW',
  'DELIVERY',
] as const;

export type Phase = (typeof PHASES)[number];

export const RUN_STATUSES = [
  'QUEUED',
  'RUNNING',
  'WAITING_FOR_APPROVAL',
  'COMPLETED',
  'REJECTED',
  'CANCELLED',
  'FAILED',
] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];

/** How a run can end. */
export type EndStatus = 'COMPLETED' | 'REJECTED' | 'CANCELLED' | 'FAILED';

const ENDED: ReadonlySet<string> = new Set<EndStatus>(['COMPLETED', 'REJECTED', 'CANCELLED', 'FAILED']);

export function isEnded(status: RunStatus): status is EndStatus {
  return ENDED.has(status);
}

/**
 * What may follow a phase. A run ends COMPLETED after DELIVERY only; REVIEW may go back to GENERATION when a reviewer
 * asks for changes. Rejecting, cancelling and failing are possible from everywhere and are no transitions of phase.
 */
export const NEXT_PHASES: Readonly<Record<Phase, readonly (Phase | 'COMPLETED')[]>> = {
  INITIALIZATION: ['BATCH_DISCOVERY'],
  BATCH_DISCOVERY: ['STRATEGY_ANALYSIS'],
  STRATEGY_ANALYSIS: ['GENERATION'],
  GENERATION: ['REVIEW'],
  REVIEW: ['DELIVERY', 'GENERATION'],
  DELIVERY: ['COMPLETED'],
};

/** The phase that normally follows; `COMPLETED` after the last. */
export function followingPhase(phase: Phase): Phase | 'COMPLETED' {
  return NEXT_PHASES[phase][0] as Phase | 'COMPLETED';
}

export function isPhase(text: unknown): text is Phase {
  return typeof text === 'string' && (PHASES as readonly string[]).includes(text);
}

export function isRunStatus(text: unknown): text is RunStatus {
  return typeof text === 'string' && (RUN_STATUSES as readonly string[]).includes(text);
}
