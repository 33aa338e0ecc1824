import { Reflector } from '@nestjs/core';

/**
 * Marks a creating route: `@Idempotent()`. A request that carries an `Idempotency-Key` is then carried out
 * once; repeated with the same body it gets the first answer again.
 */
export const Idempotent = Reflector.createDecorator<void>();
