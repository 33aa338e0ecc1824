import { Reflector } from '@nestjs/core';
import type { Permission } from './permissions.js';

/** Says which permission a route asks for. A route without it is denied (see `AuthGuard`). */
export const RequirePermission = Reflector.createDecorator<Permission>();
