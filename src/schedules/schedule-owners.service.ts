import { Injectable } from '@nestjs/common';
import { type Permission, rolesGrant } from '../auth/permissions.js';
import { PrincipalDirectory } from '../auth/principal-directory.service.js';
import type { Principal, Role } from '../auth/principal.js';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { AppError } from '../kernel/app-error.js';
import { isId } from '../kernel/ids.js';
import type { Overlap, OwnerFault, Schedule } from './schedule.js';
import { ScheduleRepository } from './schedule.repository.js';

/** Who may act: at a fire, or for a schedule by hand. */
@Injectable()
export class ScheduleOwners {
  constructor(
    private readonly directory: PrincipalDirectory,
    private readonly schedules: ScheduleRepository,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
  ) {}

  /** The owner as they stand now, or why nothing may be done in their name. */
  async ownerOf(trx: Trx, ownerId: string, overlap: Overlap): Promise<Principal | OwnerFault> {
    const standing = await this.directory.standingOf(trx, ownerId);
    switch (standing.outcome) {
      case 'accepted':
        return mayOwn(standing.principal.roles, overlap) ? standing.principal : 'OWNER_FORBIDDEN';
      case 'revoked':
        return 'OWNER_REVOKED';
      case 'expired':
        return 'OWNER_EXPIRED';
      case 'unknown':
        return 'OWNER_UNKNOWN';
      default:
        return unreachable(standing);
    }
  }

  /**
   * Makes sure that a principal may own a schedule: one that could never fire is not made.
   *
   * @throws AppError FORBIDDEN.
   */
  async refuseUnfit(principal: Principal, overlap: Overlap): Promise<void> {
    const owner = await this.database.withTenant(principal.tenantId, (trx) =>
      this.ownerOf(trx, principal.id, overlap),
    );
    if (typeof owner !== 'string') return;
    throw new AppError('FORBIDDEN', {
      detail: `The owner of this schedule needs an API key in force that grants ${needed(overlap).join(', ')}.`,
    });
  }

  /**
   * The schedule, for its owner. Its runs are the owner's: what others put into them would pass for the owner's,
   * and whoever wrote a text could then approve it.
   *
   * @throws AppError SCHEDULE_NOT_FOUND; FORBIDDEN for anybody else, after the refusal was recorded.
   */
  async getOwned(principal: Principal, requestId: string, id: string): Promise<Schedule> {
    const schedule = await this.database.withTenant(principal.tenantId, async (trx) => {
      const found = isId(id) ? await this.schedules.find(trx, id) : undefined;
      if (found && found.ownerId !== principal.id) {
        await this.audit.append(trx, principal.tenantId, {
          type: 'schedule.denied',
          outcome: 'denied',
          actor: { type: 'apiKey', ref: principal.id },
          code: 'FORBIDDEN',
          targets: [{ type: 'schedule', ref: found.id }],
          context: { requestId },
        });
      }
      return found;
    });
    if (!schedule) throw new AppError('SCHEDULE_NOT_FOUND');
    if (schedule.ownerId === principal.id) return schedule;
    throw new AppError('FORBIDDEN', {
      detail: 'Only its owner may change or fire a schedule; others may pause or delete it.',
    });
  }
}

function mayOwn(roles: readonly Role[], overlap: Overlap): boolean {
  return needed(overlap).every((permission) => rolesGrant(roles, permission));
}

function needed(overlap: Overlap): Permission[] {
  const always: Permission[] = ['schedules.write', 'workflows.start', 'sessions.write'];
  return overlap === 'cancel_previous' ? [...always, 'workflows.control'] : always;
}

function unreachable(standing: never): never {
  throw new TypeError(`unknown standing ${JSON.stringify(standing)}`);
}
