import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { Public } from '../http/public.js';
import type { Permission } from './permissions.js';
import { RequirePermission } from './require-permission.js';

/** What a route asks of whoever calls it. */
export type AccessRule =
  | { readonly kind: 'public' }
  | { readonly kind: 'permission'; readonly permission: Permission }
  /** The route says nothing: nobody may call it. */
  | { readonly kind: 'undeclared' };

/** Reads the rule of a route: the handler's own word before its class's, a permission before `Public`. */
export function accessRuleOf(reflector: Reflector, context: ExecutionContext): AccessRule {
  for (const place of [context.getHandler(), context.getClass()]) {
    const permission = reflector.get(RequirePermission, place);
    if (permission) return { kind: 'permission', permission };
    // Compared with the very value: metadata is what anybody wrote there, whatever its type says.
    const open: unknown = reflector.get(Public, place);
    if (open === true) return { kind: 'public' };
  }
  return { kind: 'undeclared' };
}
