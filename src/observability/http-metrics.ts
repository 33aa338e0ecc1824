import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from './metrics.js';

/** Label of every request no route answers: its path is the client's invention and would be a series of its own. */
const UNMATCHED_ROUTE = 'unmatched';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Counts and times requests by the pattern of their route. */
export function recordHttpMetrics(server: FastifyInstance, metrics: Metrics): void {
  const started = new WeakSet<FastifyRequest>();
  server.addHook('onRequest', (request, _reply, done) => {
    started.add(request);
    metrics.requestStarted();
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    if (started.delete(request)) {
      const method = METHODS.has(request.method) ? request.method : 'OTHER';
      const seconds = isStream(reply) ? undefined : reply.elapsedTime / 1_000;
      metrics.requestEnded(method, routeOf(request), reply.raw.statusCode, seconds);
    }
    done();
  });
}

/** The pattern of the route that answers, such as `/v1/workflows/:id`. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? UNMATCHED_ROUTE : (request.routeOptions.url ?? UNMATCHED_ROUTE);
}

/** An event stream lasts as long as somebody listens: as a latency it would drown all others. */
function isStream(reply: FastifyReply): boolean {
  return String(reply.raw.getHeader('content-type') ?? '').startsWith('text/event-stream');
}
