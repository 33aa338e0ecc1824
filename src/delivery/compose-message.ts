import { restoreText } from '../compliance/pii/operators/tokenizer.js';
import { resolveReference } from '../workflow/definitions/references.js';
import { isWellAddressed } from '../workflow/engine/addressed-tokens.js';
import type { LoadedRun } from '../workflow/engine/loaded-run.js';
import type { OutgoingMessage } from './channels/delivery-channel.js';
import type { DeliveryRow } from './delivery.repository.js';

interface Email {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

interface Person {
  readonly name: string;
  readonly email: string;
}

/** A token of the message has no value any more: its subject was erased, or it was never ours. */
export class UnrestorableMessage extends Error {
  constructor() {
    super('a token of the message cannot be restored');
    this.name = 'UnrestorableMessage';
  }
}

/**
 * Puts the real values back into an approved message, in memory, on its way out. Only tokens that its recipient may
 * see are restored.
 *
 * @throws UnrestorableMessage
 */
export function composeMessage(loaded: LoadedRun, delivery: DeliveryRow): OutgoingMessage {
  const email = emailFor(loaded, delivery.index);
  const plan = loaded.definition.phases.DELIVERY.delivery;
  if (!email || !plan || !isWellAddressed(loaded, email)) throw new UnrestorableMessage();
  const recipients = resolveReference(plan.recipients, { input: loaded.input }) as readonly Person[];
  const sender = resolveReference(plan.sender, { input: loaded.input }) as Person;
  const recipient = recipients[delivery.index];
  if (!recipient || recipient.email !== email.to) throw new UnrestorableMessage();
  return {
    runId: loaded.run.id,
    index: delivery.index,
    messageId: delivery.message_id,
    from: { name: restore(loaded, sender.name), address: restore(loaded, sender.email) },
    to: { name: restore(loaded, recipient.name), address: restore(loaded, recipient.email) },
    subject: restore(loaded, email.subject),
    text: restore(loaded, email.body),
    date: delivery.created_at,
    idempotencyKey: delivery.id,
  };
}

/** Channel and address of a run's delivery, with real values; the address is absent where it cannot be restored. */
export function destinationOf(loaded: LoadedRun): { channel: string; url: string | undefined } {
  const plan = loaded.definition.phases.DELIVERY.delivery;
  const refer = (reference: string | undefined) =>
    reference === undefined ? undefined : resolveReference(reference, { input: loaded.input });
  const url = refer(plan?.url);
  return {
    channel: String(refer(plan?.channel)),
    url: typeof url === 'string' ? restoreIfPossible(loaded, url) : undefined,
  };
}

/** The approved messages. */
function emailsOf(loaded: LoadedRun): readonly Email[] {
  const emails = (loaded.artifact?.content as { emails?: unknown } | null | undefined)?.emails;
  return Array.isArray(emails) ? (emails as Email[]) : [];
}

/**
 * For each message the index of its recipient. Recipients whose item has failed have none, so a message does not
 * always stand where its recipient does. The gate has refused messages for nobody.
 */
export function placesOf(loaded: LoadedRun): readonly number[] {
  const indexes = new Map(addressesOf(loaded).map((address, index) => [address, index]));
  const emails = emailsOf(loaded);
  if (emails.length === indexes.size) return emails.map((_email, index) => index);
  return emails.flatMap(({ to }) => indexes.get(to) ?? []);
}

function emailFor(loaded: LoadedRun, index: number): Email | undefined {
  const emails = emailsOf(loaded);
  const addresses = addressesOf(loaded);
  if (emails.length === addresses.length) return emails[index];
  return emails.find(({ to }) => to === addresses[index]);
}

function addressesOf(loaded: LoadedRun): readonly string[] {
  const recipients = resolveReference(loaded.definition.phases.DELIVERY.delivery?.recipients ?? '', {
    input: loaded.input,
  });
  return Array.isArray(recipients) ? (recipients as Person[]).map(({ email }) => email) : [];
}

/** A destination that nobody can know any more is none: each message then fails for want of one. */
function restoreIfPossible(loaded: LoadedRun, text: string): string | undefined {
  try {
    return restore(loaded, text);
  } catch (error) {
    if (error instanceof UnrestorableMessage) return undefined;
    throw error;
  }
}

function restore(loaded: LoadedRun, text: string): string {
  return restoreText(text, (token) => {
    const value = loaded.entryOf(token)?.value;
    if (value === undefined) throw new UnrestorableMessage();
    return value;
  });
}
