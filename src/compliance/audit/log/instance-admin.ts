import { DEFAULT_TENANT_ID } from '../../../auth/default-tenant.js';
import { AppError } from '../../../kernel/app-error.js';

/** What concerns all tenants is for the tenant that the instance began with. @throws AppError FORBIDDEN */
export function requireInstanceAdmin({ tenantId }: { readonly tenantId: string }): void {
  if (tenantId !== DEFAULT_TENANT_ID) throw new AppError('FORBIDDEN');
}
