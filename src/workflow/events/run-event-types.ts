/** Every type of live event of a run, as streams and webhooks name them. A type that is not here does not compile. */
export const RUN_EVENT_TYPES = [
  'workflow.started',
  'phase.entered',
  'agent.started',
  'agent.progress',
  'agent.completed',
  'agent.fallback',
  'agent.failed',
  'agent.retried',
  'agent.cancelled',
  'wait.started',
  'wait.ended',
  'approval.requested',
  'approval.recorded',
  'delivery.started',
  'delivery.progress',
  'delivery.uncertain',
  'transition.denied',
  'workflow.completed',
  'workflow.rejected',
  'workflow.cancelled',
  'workflow.failed',
  'workflow.retried',
] as const;

export type RunEventType = (typeof RUN_EVENT_TYPES)[number];
