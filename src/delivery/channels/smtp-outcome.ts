import type { ChannelResult } from './delivery-channel.js';

/** What nodemailer says about a failed hand-over, as far as a decision needs it. */
export interface SmtpFailure {
  readonly code?: string | undefined;
  readonly responseCode?: number | undefined;
}

/**
 * What a failed SMTP hand-over means for the message.
 *
 * @param begun Whether any of the message itself had been sent (after the server's 354).
 */
export function decideSmtpFailure({ code, responseCode }: SmtpFailure, begun: boolean): ChannelResult {
  // A reply of the server is its last word: with 4xx or 5xx it has not taken the message, not even after DATA.
  if (responseCode !== undefined && responseCode >= 400 && responseCode < 600) {
    // 503 (bad sequence of commands) blames the conversation, not the message.
    const final = responseCode >= 500 && responseCode !== 503;
    const what = code === 'EAUTH' ? 'refused the credentials' : 'refused the message';
    return { status: 'failed', retryable: !final, reason: `The mail server ${what} (${responseCode})` };
  }
  if (begun) {
    return {
      status: 'uncertain',
      reason: `The mail server did not confirm a message it may have taken (${code ?? 'fault'})`,
    };
  }
  switch (code) {
    case 'EENVELOPE':
    case 'EMESSAGE':
    case 'EMAXRECIPIENTS':
      return { status: 'failed', retryable: false, reason: 'The message cannot be sent by SMTP' };
    case 'EAUTH':
    case 'ENOAUTH':
    case 'ECONFIG':
      return { status: 'failed', retryable: false, reason: 'The SMTP settings do not fit the mail server' };
    case 'EABORT':
      return {
        status: 'failed',
        retryable: true,
        reason: 'The delivery was stopped before the message was sent',
      };
    case 'EDNS':
      return { status: 'failed', retryable: true, reason: 'The name of the mail server was not found' };
    case 'ETIMEDOUT':
      return { status: 'failed', retryable: true, reason: 'The mail server did not answer in time' };
    case 'ETLS':
      return {
        status: 'failed',
        retryable: true,
        reason: 'No encrypted connection to the mail server came about',
      };
    default:
      return { status: 'failed', retryable: true, reason: 'The mail server cannot be reached' };
  }
}

/** The queue id in an answer such as `250 2.0.0 Ok: queued as 4F1A2B`; the rest of the answer is not kept. */
export function queueReferenceIn(response: string | undefined): string | undefined {
  return /\bqueued as ([A-Za-z0-9-]{4,64})\b/.exec(response ?? '')?.[1];
}
