import type { SseStream } from '../../http/sse.js';
import { END_EVENTS } from '../runs/run.js';
import type { RunEvent } from './run-event.repository.js';

const ENDS: ReadonlySet<string> = new Set(Object.values(END_EVENTS));

/**
 * Sends a run's events to a client, as fast as it reads, until the last one.
 *
 * @param until where the run stood when the stream was opened, and whether it had ended. Of a run that goes on, an end
 *   up to there is that of an earlier attempt.
 */
export async function streamRun(
  stream: SseStream,
  runId: string,
  until: { readonly reached: number; readonly isEnded: boolean },
  events: AsyncIterable<RunEvent>,
): Promise<void> {
  try {
    for await (const { seq, type, data, createdAt } of events) {
      const isHeard = await stream.send({ id: seq, event: type, data: { ...data, runId, at: createdAt } });
      if (!isHeard) return;
      if (until.isEnded ? seq >= until.reached : seq > until.reached && ENDS.has(type)) {
        stream.close();
        return;
      }
    }
  } finally {
    // This process stops, or cannot read: another can.
    stream.closeToReconnect();
  }
}
