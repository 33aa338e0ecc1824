import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { AppError } from '../kernel/app-error.js';
import type { HttpRequest } from './http-request.js';
import type { KeyClaim } from './idempotency.repository.js';
import { IdempotencyService } from './idempotency.service.js';
import { Idempotent } from './idempotent.js';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/** Carries requests with an `Idempotency-Key` out once, on routes marked `@Idempotent()`. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger(IdempotencyInterceptor.name);

  constructor(
    private readonly reflector: Reflector,
    private readonly idempotency: IdempotencyService,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const key = request.headers['idempotency-key'];
    const marked = this.reflector.get(Idempotent, context.getHandler()) !== undefined;
    if (!marked || key === undefined || !request.principal) return next.handle();

    if (typeof key !== 'string' || !VISIBLE_ASCII.test(key)) throw new AppError('INVALID_IDEMPOTENCY_KEY');
    const { id: principalId, tenantId } = request.principal;
    const admission = await this.idempotency.admit({ tenantId, principalId, key }, request);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    if (admission.kind === 'repeated') {
      void reply.status(admission.answer.status).header('idempotent-replay', 'true');
      return of(admission.answer.body);
    }
    return of(await this.carryOut(request, reply, next, admission.claim));
  }

  private async carryOut(
    request: HttpRequest,
    reply: FastifyReply,
    next: CallHandler,
    claim: KeyClaim,
  ): Promise<unknown> {
    let stored = false;
    request.idempotency = {
      store: async (trx, status, body) => {
        await this.idempotency.finishIn(trx, claim, { status, body });
        stored = true;
      },
    };
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await this.release(claim);
      throw error;
    }
    if (reply.statusCode >= 400) await this.release(claim);
    else if (!stored) await this.finish(claim, { status: reply.statusCode, body });
    return body;
  }

  /** The thing is created and the client shall hear of it, even if a repetition could not be told any more. */
  private async finish(claim: KeyClaim, answer: { status: number; body: unknown }): Promise<void> {
    try {
      await this.idempotency.finish(claim, answer);
    } catch (error) {
      this.logger.error({ event: 'idempotency.not_stored', err: error }, 'the answer could not be stored');
    }
  }

  private async release(claim: KeyClaim): Promise<void> {
    try {
      await this.idempotency.release(claim);
    } catch (error) {
      // The lock runs out by itself; the error the client shall see is the one of its request.
      this.logger.warn(
        { event: 'idempotency.not_released', err: error },
        'the key stays taken until its lock ends',
      );
    }
  }
}
