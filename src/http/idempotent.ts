import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiHeader } from '@nestjs/swagger';

export interface IdempotentOptions {
  /**
   * When an earlier answer is looked for. `before` the work costs a short read and is right everywhere. `after` costs a
   * first request nothing: the work is done, and given up when its answer turns out to be there already or when it fails.
   * Only for work that leaves nothing behind but what it commits together with its answer.
   */
  readonly lookUp: 'before' | 'after';
}

/** What `@Idempotent()` leaves on a route; read by the interceptor. */
export const IdempotentRoute = Reflector.createDecorator<IdempotentOptions>();

/**
 * Marks a creating route: `@Idempotent()`. A request that carries an `Idempotency-Key` is then carried out once; repeated
 * with the same body it gets the first answer again.
 *
 * The handler must keep its answer with `request.idempotency?.store(trx, status, body)` in the transaction that does
 * the work. One that does not is protected against repetitions in one process and after its answer only.
 */
export function Idempotent(options: IdempotentOptions = { lookUp: 'before' }): MethodDecorator {
  return applyDecorators(IdempotentRoute(options), ApiHeader(KEY_HEADER));
}

const KEY_HEADER = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Carries the request out once: repeated with the same key and body it gets the first answer again, with `Idempotent-Replay: true`',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};
