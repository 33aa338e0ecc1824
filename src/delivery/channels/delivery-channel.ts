/** Every way out there is; a definition or a run names one of these. */
export const CHANNEL_NAMES = ['outbox', 'smtp', 'webhook'] as const;

export type ChannelName = (typeof CHANNEL_NAMES)[number];

/** A mailbox with real values: messages leave the vault only to enter a channel. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** One message, ready to be handed over. */
export interface OutgoingMessage {
  readonly runId: string;
  /** Position of the recipient in the run, from 0. */
  readonly index: number;
  /** RFC 5322 msg-id with its angle brackets, the same on every attempt. */
  readonly messageId: string;
  readonly from: Mailbox;
  readonly to: Mailbox;
  readonly subject: string;
  readonly text: string;
  readonly date: Date;
  /** The same on every attempt, so that a receiver can drop a repetition. */
  readonly idempotencyKey: string;
}

/**
 * What became of one hand-over. `failed` is said only when the message was certainly not taken;
 * whenever it may have been, the answer is `uncertain` and a person decides. A reason is public
 * text: it never holds personal data, nor what the other side answered.
 */
export type ChannelResult =
  | { readonly status: 'sent'; readonly reference?: string }
  | { readonly status: 'failed'; readonly retryable: boolean; readonly reason: string }
  | { readonly status: 'uncertain'; readonly reason: string };

/** What is known about a hand-over whose outcome was not recorded. */
export type Reconciliation = 'sent' | 'not_sent' | 'unknown';

export interface SendOptions {
  /** Ends the attempt; a message that may have left by then is `uncertain`. */
  readonly signal: AbortSignal;
  /** Where a webhook goes; the other channels know their destination. */
  readonly url?: string;
}

/** A way for messages to leave the product. Expected failures are results; nothing is thrown. */
export interface DeliveryChannel {
  readonly name: ChannelName;

  /** What became of a hand-over whose outcome was not recorded: `not_sent` only when that is certain. */
  reconcile(message: OutgoingMessage): Promise<Reconciliation>;

  /** Hands one message over, once. */
  send(message: OutgoingMessage, options: SendOptions): Promise<ChannelResult>;
}
