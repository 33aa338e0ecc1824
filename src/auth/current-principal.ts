import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { AppError } from '../kernel/app-error.js';
import type { Principal } from './principal.js';
import type { PrincipalRequest } from './principal-request.js';

/** Hands a handler the principal that `AuthGuard` found: `@CurrentPrincipal() principal: Principal`. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<PrincipalRequest>();
  // Only a public route gets here without one, and such a route has no business asking.
  if (!principal) throw new AppError('UNAUTHENTICATED');
  return principal;
});
