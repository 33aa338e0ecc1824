const PREFIX = 'run-stopped:';

/** A run whose work was taken from whoever did it. */
export interface RunStop {
  readonly runId: string;
  /** The job by which it is driven from now on, where it goes on. */
  readonly nextJobId?: string;
}

/** The word by which processes are told that a run was stopped. It is no kind of job, so the queue passes it over. */
export function stopOf({ runId, nextJobId }: RunStop): string {
  return PREFIX + runId + (nextJobId === undefined ? '' : `:${nextJobId}`);
}

/** The stop that a word on the queue's channel tells of; undefined when it says something else. */
export function readStop(word: string): RunStop | undefined {
  if (!word.startsWith(PREFIX)) return undefined;
  const [runId = '', nextJobId] = word.slice(PREFIX.length).split(':');
  return { runId, nextJobId };
}
