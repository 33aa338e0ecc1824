import type { CommittedEvent } from '../workflow/events/committed-events.service.js';

/** What is told, once for all endpoints: the text that is signed, under the id that stays the same. */
export interface Message {
  /** The `webhook-id`. */
  readonly id: string;
  readonly type: string;
  readonly runId: string | null;
  readonly sequence: number | null;
  readonly body: string;
}

/** Type of the message that `POST /v1/webhooks/:id/test` sends. */
const TEST_TYPE = 'webhook.test';

/** The message about an event of a run: told twice, it is still the same message. */
export function messageOf(event: CommittedEvent): Message {
  const { runId, seq, type } = event;
  return {
    id: `msg_${runId}_${seq}`,
    type,
    runId,
    sequence: seq,
    body: bodyOf(type, event.createdAt, {
      runId,
      sequence: seq,
      definition: event.definition,
      definitionVersion: event.definitionVersion,
      status: event.status,
      phase: event.phase,
      details: event.data,
    }),
  };
}

/** A message that says nothing but that messages arrive. */
export function testMessage(id: string, webhookId: string, now: Date): Message {
  return {
    id: `msg_test_${id}`,
    type: TEST_TYPE,
    runId: null,
    sequence: null,
    body: bodyOf(TEST_TYPE, now, { webhookId }),
  };
}

function bodyOf(type: string, at: Date, data: object): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data });
}
