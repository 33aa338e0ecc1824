import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../kernel/app-error.js';
import { Metrics } from '../observability/metrics.js';
import { appErrorOf } from './app-error-of.js';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem.js';

const RETRY_AFTER_SECONDS = '2';

/** The last stop of every error: answers a problem document and says no more than the error allows. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly metrics: Metrics) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = appErrorOf(thrown);
    this.metrics.errorAnswered(error.code);
    this.log(error, thrown);
    if (reply.sent || reply.raw.headersSent) {
      // A stream that fails half-way can only be cut: its status is long gone.
      reply.raw.destroy();
      return;
    }
    if (error.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    void reply
      .headers(error.headers)
      .header('content-type', PROBLEM_MEDIA_TYPE)
      .status(error.status)
      .send(problemOf(error, request));
  }

  /** What a client did wrong is told by its code alone: the message of such an error may repeat its path. */
  private log(error: AppError, thrown: unknown): void {
    const fields = { event: 'http.error', code: error.code, status: error.status };
    if (error.status >= 500) this.logger.error({ ...fields, err: thrown }, error.title);
    else this.logger.debug(fields, error.title);
  }
}
