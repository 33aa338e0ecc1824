import { type DynamicModule, ShutdownSignal, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { AppConfig } from '../config/app-config.js';
import { logHttpRequests } from '../observability/http-log.js';
import { recordHttpMetrics } from '../observability/http-metrics.js';
import { loggerOf } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { refuseOtherMethods } from './allowed-methods.js';
import { answerFrameworkError, problemsWhileClosing } from './platform-problems.js';
import { HttpDrain } from './http-drain.service.js';
import { setupOpenApi } from './openapi.js';
import { requestIdOf } from './request-id.js';
import { limitSseStreams } from './sse.js';
import { stampResponses } from './response-headers.js';
import { refuseUnstorableRequests } from './storable-requests.js';
import { acceptStreams } from './streamed-body.js';

/** A client that has not sent its whole request by then is not going to. */
const REQUEST_TIMEOUT_MS = 120_000;

const STOP_SIGNALS = [ShutdownSignal.SIGTERM, ShutdownSignal.SIGINT, ShutdownSignal.SIGHUP];

/** Makes the application with everything that concerns HTTP as such; it listens to nothing yet. */
export async function createHttpApplication(
  module: DynamicModule,
  config: AppConfig,
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, fastifyAdapter(config.server), {
    bufferLogs: true,
    // When no application comes about there is no logger of ours: Nest would pour out the buffer and the error with
    // all its causes, unmasked and not as JSON. Whoever called gets the error and tells it.
    autoFlushLogs: false,
    abortOnError: false,
    // Fastify's own JSON parser stays, Nest's form parser does not come: JSON is what this API speaks.
    bodyParser: false,
    return503OnClosing: true,
    routeConflictPolicy: { duplicate: 'error' },
  });
  app.useLogger(loggerOf(app));
  app.flushLogs();
  app.enableVersioning({ type: VersioningType.URI });
  if (config.server.corsOrigins.length > 0) app.enableCors({ origin: config.server.corsOrigins });
  const drain = app.get(HttpDrain);
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  server.removeContentTypeParser('text/plain');
  // Handed on as text: only the workflow definitions take it, and they read it themselves.
  server.addContentTypeParser('application/yaml', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  acceptStreams(server);
  stampResponses(server, () => drain.isDraining);
  problemsWhileClosing(server);
  refuseOtherMethods(server);
  refuseUnstorableRequests(server);
  recordHttpMetrics(server, app.get(Metrics));
  logHttpRequests(server);
  limitSseStreams(server.server, {
    maxStreams: config.server.maxEventStreams,
    maxAgeMs: config.server.eventStreamMinutes * 60_000,
  });
  setupOpenApi(app, config.instance.version);
  // By exit and not by raising the signal again: a server that was asked to stop and did has not failed.
  app.enableShutdownHooks(STOP_SIGNALS, { useProcessExit: true });
  return app;
}

/**
 * Not `forceCloseConnections`: it would cut requests that are being answered. Fastify closes idle
 * connections, and `HttpDrain` takes care of the rest.
 */
function fastifyAdapter(config: AppConfig['server']): FastifyAdapter {
  return new FastifyAdapter({
    logger: false,
    bodyLimit: config.bodyLimitBytes,
    trustProxy: config.trustProxy,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: requestIdOf,
    frameworkErrors: answerFrameworkError,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
  });
}
