import type { FastifyRequest } from 'fastify';
import { AppError } from '../kernel/app-error.js';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/** Whether a text may be an idempotency key: 1 to 255 visible ASCII characters. */
export function isIdempotencyKey(text: string): boolean {
  return VISIBLE_ASCII.test(text);
}

/** The `Idempotency-Key` of a request, if it has one. @throws AppError INVALID_IDEMPOTENCY_KEY. */
export function idempotencyKeyOf(request: Pick<FastifyRequest, 'headers'>): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !isIdempotencyKey(key)) throw new AppError('INVALID_IDEMPOTENCY_KEY');
  return key;
}
