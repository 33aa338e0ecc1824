/** Every kind of job with what it carries. A payload holds ids only: it is stored in clear. */
export interface JobCatalogue {
  /** Drive a run until it waits or ends. */
  'workflow.drive': RunJob;
  /** Hand the approved messages of a run to their channel. */
  'delivery.deliver': RunJob;
}

export interface RunJob {
  readonly tenantId: string;
  readonly runId: string;
}

export type JobName = keyof JobCatalogue;

export const JOB_NAMES: readonly JobName[] = ['workflow.drive', 'delivery.deliver'];

/**
 * Kinds of which one job of a run is given out at a time. A second delivery would take the messages that the first
 * one is handing over for those of a dead process. Driving needs no such care, the run's version fences it.
 */
export const ONE_AT_A_TIME: ReadonlySet<JobName> = new Set(['delivery.deliver']);
