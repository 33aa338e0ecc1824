import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { REQUEST_ID_HEADER } from './request-id.js';

/** An API answers data, never a page: nothing may be loaded, framed or guessed. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** The documentation is the one page: its own scripts, and the styles it writes into itself. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/**
 * Puts request id and security headers on every answer. Twice: when the request arrives, so that event
 * streams have them, and when the answer leaves, for those that end before (a malformed URL, a 503).
 */
export function stampResponses(server: FastifyInstance, isDraining: () => boolean): void {
  server.addHook('onRequest', (request, reply, done) => {
    stamp(request, reply);
    done();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    if (!reply.hasHeader(REQUEST_ID_HEADER)) stamp(request, reply);
    // Kept alive, the connection would hold the closing server up until its client lets go.
    if (isDraining()) void reply.header('connection', 'close');
    done();
  });
}

/** Request id and security headers on one answer. */
export function stamp(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header(REQUEST_ID_HEADER, request.id).headers(HEADERS);
  if (/^\/docs(?:[/?]|$)/.test(request.url)) void reply.header('content-security-policy', DOCS_POLICY);
}
