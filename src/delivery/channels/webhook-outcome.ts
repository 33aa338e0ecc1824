import type { ChannelResult } from './delivery-channel.js';

/** What an HTTP status of the receiver means for the message. */
export function decideByStatus(status: number): ChannelResult {
  if (status >= 200 && status < 300) return { status: 'sent', reference: `HTTP ${status}` };
  // These three say that the request was not taken up.
  if (status === 408 || status === 429 || status === 503) {
    return {
      status: 'failed',
      retryable: true,
      reason: `The receiver asked to try again later (HTTP ${status})`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      status: 'failed',
      retryable: false,
      reason: `The receiver redirects, which is not followed (HTTP ${status})`,
    };
  }
  if (status >= 400 && status < 500) {
    return {
      status: 'failed',
      retryable: false,
      reason: `The receiver refused the message (HTTP ${status})`,
    };
  }
  return {
    status: 'uncertain',
    reason: `The receiver failed and may have taken the message (HTTP ${status})`,
  };
}

/** What a fault of the connection means, by whether the request may have left already. */
export function decideByFault(code: string | undefined, begun: boolean): ChannelResult {
  const how = code === 'ABORT_ERR' ? 'in time' : `(${code ?? 'fault'})`;
  if (begun) {
    return {
      status: 'uncertain',
      reason: `The receiver may have taken the message but did not answer ${how}`,
    };
  }
  if (code === 'PRIVATE_ADDRESS') {
    return {
      status: 'failed',
      retryable: false,
      reason: 'The webhook URL does not lead to the public internet',
    };
  }
  return { status: 'failed', retryable: true, reason: `The receiver cannot be reached ${how}` };
}
