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
