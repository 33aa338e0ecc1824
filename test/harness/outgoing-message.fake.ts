import { newId } from '../../src/kernel/ids.js';
import type { OutgoingMessage } from '../../src/delivery/channels/delivery-channel.js';

/** A valid message of a run of its own; a test names the fields it is about. */
export function outgoingMessage(fields: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const runId = fields.runId ?? newId();
  const index = fields.index ?? 0;
  return {
    runId,
    index,
    messageId: `<${runId}.${index}@countersign.example>`,
    from: { name: 'Renewals', address: 'renewals@example.com' },
    to: { name: 'Ada Example', address: 'ada@example.org' },
    subject: 'Your plan',
    text: 'Hello Ada,\n\nyour plan ends soon.\n',
    date: new Date('2026-03-04T05:06:07.000Z'),
    idempotencyKey: `delivery-${runId}-${index}`,
    ...fields,
  };
}
