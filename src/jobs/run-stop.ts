const PREFIX = 'run-stopped:';

/** The word by which processes are told that a run was stopped. It is no kind of job, so the queue passes it over. */
export function stopOf(runId: string): string {
  return PREFIX + runId;
}

/** The run that a word on the queue's channel says was stopped; undefined when it says something else. */
export function runOfStop(word: string): string | undefined {
  return word.startsWith(PREFIX) ? word.slice(PREFIX.length) : undefined;
}
