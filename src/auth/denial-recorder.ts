import { Injectable, Logger } from '@nestjs/common';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../database/database.service.js';
import type { Permission } from './permissions.js';
import type { Principal } from './principal.js';
import type { PrincipalRequest } from './principal-request.js';

/** Writes down that a known principal was refused a route. */
@Injectable()
export class DenialRecorder {
  private readonly logger = new Logger(DenialRecorder.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
  ) {}

  /** Never throws: a denial stands whether or not it could be recorded. */
  async record(
    principal: Principal,
    request: PrincipalRequest,
    permission: Permission | 'undeclared',
  ): Promise<void> {
    try {
      await this.database.withTenant(principal.tenantId, (trx) =>
        this.audit.append(trx, principal.tenantId, {
          type: 'auth.denied',
          outcome: 'denied',
          actor: { type: 'apiKey', ref: principal.id },
          targets: [{ type: 'permission', ref: permission }],
          code: 'FORBIDDEN',
          context: { requestId: request.id },
          // The route's pattern, not the path: paths hold what callers put into them.
          detail: { method: request.method, route: request.routeOptions.url ?? 'unmatched' },
        }),
      );
    } catch (error) {
      this.logger.error({
        event: 'auth.denial_unrecorded',
        principalId: principal.id,
        permission,
        err: error,
      });
    }
  }
}
