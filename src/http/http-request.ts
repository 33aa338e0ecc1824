import type { FastifyRequest } from 'fastify';
import type { Trx } from '../database/trx.js';

/** What this room needs to know of the one who asks; the auth guard puts the full principal there. */
export interface RequestPrincipal {
  readonly id: string;
  readonly tenantId: string;
}

/** Lets a handler keep its answer in the very transaction that makes the answer true. */
export interface IdempotencyContext {
  /**
   * Stores status and body for replays, inside `trx`: both commit together, so that a process that dies
   * between its commit and its answer cannot make a retry create a second thing.
   *
   * @throws AppError `IDEMPOTENCY_IN_PROGRESS` when another request has the key; the caller's transaction must then
   *   roll back, and the client gets the answer of the other.
   */
  store(trx: Trx, status: number, body: unknown): Promise<void>;
}

/** A request as it stands after the guards and interceptors of this product. */
export type HttpRequest = FastifyRequest & {
  principal?: RequestPrincipal;
  /** Present on routes marked `@Idempotent()` when the client sent an `Idempotency-Key`. */
  idempotency?: IdempotencyContext;
};
