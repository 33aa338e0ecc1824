import type { IncomingMessage } from 'node:http';
import { newId } from '../kernel/ids.js';

/** Header that carries the id of a request, both ways. */
export const REQUEST_ID_HEADER = 'x-request-id';

const VALID = /^[A-Za-z0-9._-]{8,128}$/;

/** The id the client gave, when it is usable, or a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && VALID.test(given) ? given : newId();
}
