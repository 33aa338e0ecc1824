import type { ApiClient } from './api-client.js';
import type { Run } from './api-types.js';
import { followEvents, type FollowOptions, type ServerEvent } from './server-events.js';

const END_EVENTS: Readonly<Record<string, RunEnd>> = {
  'workflow.completed': 'COMPLETED',
  'workflow.rejected': 'REJECTED',
  'workflow.cancelled': 'CANCELLED',
  'workflow.failed': 'FAILED',
};

/** How a run can end. */
export type RunEnd = 'COMPLETED' | 'REJECTED' | 'CANCELLED' | 'FAILED';

/** Shows a run's events to `see`, from the first on, until the run has ended; tells how it ended. */
export async function followRun(
  client: ApiClient,
  runId: string,
  options: FollowOptions,
  see: (event: ServerEvent) => Promise<void> | void,
): Promise<RunEnd> {
  for await (const event of followEvents(
    client,
    `/v1/workflows/${encodeURIComponent(runId)}/events`,
    options,
  )) {
    await see(event);
    const end = END_EVENTS[event.event];
    if (end && (end !== 'FAILED' || (await hasFailed(client, runId, options.signal)))) return end;
  }
  // The stream has no end of its own, so this is a fault of this program.
  throw new Error('The events stopped before the run ended');
}

/** A failure in the past of a run that was retried is not its end. */
async function hasFailed(client: ApiClient, runId: string, signal: AbortSignal): Promise<boolean> {
  const { status } = await client.get<Run>(`/v1/workflows/${encodeURIComponent(runId)}`, signal);
  return status === 'FAILED';
}
