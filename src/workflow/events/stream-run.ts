import type { SseStream } from '../../http/sse.js';
import { END_EVENTS } from '../runs/run.js';
import type { RunEvent } from './run-event.repository.js';

const ENDS: ReadonlySet<string> = new Set(Object.values(END_EVENTS));

/**
 * Sends a run's events to a client, as fast as it reads, until the last one.
 *
 * @param last the position of the last event of a run that has ended already; undefined for one that goes on.
 */
export async function streamRun(
  stream: SseStream,
  runId: string,
  last: number | undefined,
  events: AsyncIterable<RunEvent>,
): Promise<void> {
  try {
    for await (const { seq, type, data, createdAt } of events) {
      const isHeard = await stream.send({ id: seq, event: type, data: { ...data, runId, at: createdAt } });
      if (!isHeard) return;
      if (last === undefined ? ENDS.has(type) : seq >= last) {
        stream.close();
        return;
      }
    }
  } finally {
    // This process stops, or cannot read: another can.
    stream.closeToReconnect();
  }
}
