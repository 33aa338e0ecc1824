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
import { idempotencyKeyOf } from './idempotency-key.js';
import type { KeyClaim } from './idempotency.repository.js';
import { IdempotencyService, type StoredAnswer } from './idempotency.service.js';
import { type IdempotentOptions, IdempotentRoute } from './idempotent.js';

/** Carries requests with an `Idempotency-Key` out once, on routes marked `@Idempotent()`. Without a key it costs nothing. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger(IdempotencyInterceptor.name);

  constructor(
    private readonly reflector: Reflector,
    private readonly idempotency: IdempotencyService,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const route = this.reflector.get(IdempotentRoute, context.getHandler());
    if (!route || !request.principal) return next.handle();
    const key = idempotencyKeyOf(request);
    if (key === undefined) return next.handle();
    const { id: principalId, tenantId } = request.principal;
    const claim = this.idempotency.claimOf({ tenantId, principalId, key }, request);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return this.idempotency.alone(claim, async () => {
      const earlier = route.lookUp === 'before' ? await this.idempotency.find(claim) : undefined;
      return of(earlier ? repeat(reply, earlier) : await this.carryOut(request, reply, next, route, claim));
    });
  }

  private async carryOut(
    request: HttpRequest,
    reply: FastifyReply,
    next: CallHandler,
    route: IdempotentOptions,
    claim: KeyClaim,
  ): Promise<unknown> {
    let isStored = false;
    request.idempotency = {
      store: async (trx, status, body) => {
        await this.idempotency.store(trx, claim, { status, body });
        isStored = true;
      },
    };
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      const earlier = await this.afterFailure(route, claim, error);
      if (!earlier) throw error;
      return repeat(reply, earlier);
    }
    if (!isStored && reply.statusCode < 400) {
      await this.storeAfterwards(claim, { status: reply.statusCode, body });
    }
    return body;
  }

  /** The work could not be done because it was done before, as the key or the failure itself may say. */
  private afterFailure(
    route: IdempotentOptions,
    claim: KeyClaim,
    error: unknown,
  ): Promise<StoredAnswer | undefined> | undefined {
    const isTaken = error instanceof AppError && error.code === 'IDEMPOTENCY_IN_PROGRESS';
    if (!isTaken && route.lookUp === 'before') return undefined;
    return this.idempotency.find(claim).catch((fault: unknown) => {
      // What the client shall see is the error of its request, unless the key is another's.
      throw fault instanceof AppError ? fault : error;
    });
  }

  /** The thing is created and the client shall hear of it, even if a repetition could not be told any more. */
  private async storeAfterwards(claim: KeyClaim, answer: StoredAnswer): Promise<void> {
    try {
      await this.idempotency.storeAfterwards(claim, answer);
    } catch (error) {
      this.logger.error({ event: 'idempotency.not_stored', err: error }, 'the answer could not be stored');
    }
  }
}

function repeat(reply: FastifyReply, answer: StoredAnswer): unknown {
  void reply.status(answer.status).header('idempotent-replay', 'true');
  return answer.body;
}
