/** Every kind of job with what it carries. A payload holds ids only: it is stored in clear. */
export interface JobCatalogue {
  /** Drive a run until it waits or ends. */
  'workflow.drive': RunJob;
  /** Hand the approved messages of a run to their channel. */
  'delivery.deliver': RunJob;
  /** Send what is due to a webhook endpoint. */
  'webhooks.deliver': WebhookJob;
}

export interface RunJob {
  readonly tenantId: string;
  readonly runId: string;
}

export interface WebhookJob {
  readonly tenantId: string;
  readonly endpointId: string;
  /** The turn this job is for; one that was given out anew since makes it void. */
  readonly lease: string;
}

export type JobName = keyof JobCatalogue;

/** Kinds of job that are about a run and nothing else. */
export type RunJobName = {
  [Name in JobName]: JobCatalogue[Name] extends RunJob ? Name : never;
}[JobName];

export const JOB_NAMES: readonly JobName[] = ['workflow.drive', 'delivery.deliver', 'webhooks.deliver'];

/** What a job is about: jobs of one kind about the same thing are a group. */
export function subjectOf(data: JobCatalogue[JobName]): string {
  return 'runId' in data ? data.runId : data.endpointId;
}

/**
 * Kinds of which one job of a run is given out at a time. A second delivery would take the messages that the first
 * one is handing over for those of a dead process. Driving needs no such care, the run's version fences it.
 */
export const ONE_AT_A_TIME: ReadonlySet<JobName> = new Set(['delivery.deliver']);
