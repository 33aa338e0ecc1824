/** Every kind of job with what it carries. A payload holds ids only: it is stored in clear. */
export interface JobCatalogue {
  /** Drive a run until it waits or ends. */
  'workflow.drive': RunJob;
  /** Hand the approved messages of a run to their channel. */
  'delivery.deliver': DeliveryJob;
  /** Send what is due to a webhook endpoint. */
  'webhooks.deliver': WebhookJob;
  /** Take up the fire times of a schedule that are due, and carry them out. */
  'schedule.wake': ScheduleJob;
  /** Look for schedules that nobody has woken. */
  'schedule.sweep': Record<string, never>;
  /** Go on with a batch: start its next rows, look after the runs it has started. */
  'bulk.advance': BatchJob;
  /** Go on with the erasure of a person. */
  'subjects.erase': ErasureJob;
  /** Look again at erasures that had to wait. */
  'subjects.resume': { readonly tenantId: string };
  /** Make the file of an export of the trail. */
  'audit.export': ExportJob;
}

export interface RunJob {
  readonly tenantId: string;
  readonly runId: string;
}

export interface DeliveryJob extends RunJob {
  /** Whether it is known already that the messages wait for safe mode to be lifted. */
  readonly held?: boolean;
}

export interface WebhookJob {
  readonly tenantId: string;
  readonly endpointId: string;
  /** The turn this job is for; one that was given out anew since makes it void. */
  readonly lease: string;
}

export interface ScheduleJob {
  readonly tenantId: string;
  readonly scheduleId: string;
}

export interface ErasureJob {
  readonly tenantId: string;
  readonly erasureId: string;
}

export interface ExportJob {
  readonly tenantId: string;
  readonly exportId: string;
}

export interface BatchJob {
  readonly tenantId: string;
  readonly batchId: string;
  /** A batch has one job at a time; the one of an earlier turn has been done already. */
  readonly turn: number;
  /** Turns in a row in which there was nothing to do. */
  readonly idleTurns: number;
}

export type JobName = keyof JobCatalogue;

/** Kinds of job that are about a run and nothing else. */
export type RunJobName = {
  [Name in JobName]: JobCatalogue[Name] extends RunJob ? Name : never;
}[JobName];

export const JOB_NAMES: readonly JobName[] = [
  'workflow.drive',
  'delivery.deliver',
  'webhooks.deliver',
  'schedule.wake',
  'schedule.sweep',
  'bulk.advance',
  'subjects.erase',
  'subjects.resume',
  'audit.export',
];

/** What a job is about: jobs of one kind about the same thing are a group. A sweep is about nothing of its own. */
export function subjectOf(data: JobCatalogue[JobName]): string | undefined {
  if ('runId' in data) return data.runId;
  if ('endpointId' in data) return data.endpointId;
  if ('batchId' in data) return data.batchId;
  if ('erasureId' in data) return data.erasureId;
  if ('exportId' in data) return data.exportId;
  return 'scheduleId' in data ? data.scheduleId : undefined;
}

/**
 * Kinds of which one job of a subject is given out at a time. A second delivery would take the messages that the first
 * one is handing over for those of a dead process; fires of one schedule look at each other's runs; two that start the
 * rows of one batch would only be in each other's way, and so would two that erase one person
 * or write one file. Driving needs no such care, the run's version fences it.
 */
export const ONE_AT_A_TIME: ReadonlySet<JobName> = new Set([
  'delivery.deliver',
  'schedule.wake',
  'bulk.advance',
  'subjects.erase',
  'audit.export',
]);
