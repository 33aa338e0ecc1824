import type { IncomingMessage } from 'node:http';
import { redactText } from '../compliance/privacy/redaction.js';
import { newId } from '../kernel/ids.js';

/** Header that carries the id of a request, both ways. */
export const REQUEST_ID_HEADER = 'x-request-id';

const VALID = /^[A-Za-z0-9._-]{8,128}$/;

/** The id the client gave, when it is usable, or a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && isUsable(given) ? given : newId();
}

/** An id goes into the log and the audit trail for good: a telephone number must not, nor a name. */
function isUsable(given: string): boolean {
  const isOpaque = /\d/.test(given) && /[A-Za-z]/.test(given);
  return VALID.test(given) && isOpaque && redactText(given) === given;
}
