import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../kernel/app-error.js';
import { appErrorOf } from './app-error-of.js';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem.js';
import { stamp } from './response-headers.js';

/**
 * The platform answers requests that arrive during shutdown itself, before any filter, with a body of its
 * own. Here it becomes the problem document that clients know.
 */
export function problemsWhileClosing(server: FastifyInstance): void {
  server.addHook('preSerialization', (request, reply, payload, done) => {
    if (!isClosingAnswer(reply.statusCode, payload)) return done(null, payload);
    void reply.header('content-type', PROBLEM_MEDIA_TYPE).header('retry-after', '2');
    const error = new AppError('SERVICE_UNAVAILABLE', { detail: 'This instance is shutting down.' });
    done(null, problemOf(error, request));
  });
}

/** Answers what the router refuses before there is a route, and so neither hook nor filter: a malformed URL. */
export function answerFrameworkError(thrown: Error, request: FastifyRequest, reply: FastifyReply): void {
  const error = appErrorOf(thrown);
  stamp(request, reply);
  void reply.header('content-type', PROBLEM_MEDIA_TYPE).status(error.status).send(problemOf(error, request));
}

function isClosingAnswer(status: number, payload: unknown): boolean {
  if (status !== 503 || typeof payload !== 'object' || payload === null) return false;
  return 'statusCode' in payload && !('code' in payload);
}
