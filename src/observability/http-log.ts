import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { routeOf } from './http-metrics.js';

/** Probed every few seconds by machines: of interest only to someone who looks for trouble there. */
const QUIET_ROUTE = /^\/(?:health(?:\/.*)?|live|ready|metrics)$/;

/** Logs one line a request: pattern, outcome and who asked; never a query string, a header or a body. */
export function logHttpRequests(server: FastifyInstance): void {
  server.addHook('onResponse', (request, reply, done) => {
    const logger = PinoLogger.root;
    const level = levelOf(request, reply);
    if (logger?.isLevelEnabled(level)) logger[level](fieldsOf(request, reply), 'request answered');
    done();
  });
}

function levelOf(request: FastifyRequest, reply: FastifyReply): 'debug' | 'info' {
  return QUIET_ROUTE.test(routeOf(request)) && reply.raw.statusCode < 500 ? 'debug' : 'info';
}

function fieldsOf(request: FastifyRequest, reply: FastifyReply): object {
  const { principal } = request as { principal?: { id: string; tenantId: string } };
  return {
    component: 'Http',
    event: 'http.request',
    requestId: request.id,
    tenantId: principal?.tenantId,
    principalId: principal?.id,
    method: request.method,
    route: routeOf(request),
    status: reply.raw.statusCode,
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
  };
}
