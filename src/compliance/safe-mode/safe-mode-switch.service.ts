import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { DatabaseService } from '../../database/database.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { replaceOperator } from '../pii/operators/replace.operator.js';
import { detect } from '../pii/recognizers/detector.js';
import type { SafeModeScope, SafeModeState } from './safe-mode.js';
import { SafeModeRepository } from './safe-mode.repository.js';
import { SafeMode } from './safe-mode.service.js';

/** What is to hold from now on, and who says so. */
export interface SafeModeChange {
  readonly tenantId: string;
  /** Id of the principal. */
  readonly actorRef: string;
  readonly requestId: string;
  /** Whether the tenant administers the instance. */
  readonly administersInstance: boolean;
  readonly enabled: boolean;
  readonly reason: string;
  /** Absent = as wide as the tenant may. */
  readonly scope?: SafeModeScope;
}

/** Turns safe mode on and off. */
@Injectable()
export class SafeModeSwitch {
  constructor(
    private readonly safeMode: SafeMode,
    private readonly repository: SafeModeRepository,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Changes a switch and records it; to set what holds already changes nothing. Other processes follow within a second.
   *
   * @throws AppError FORBIDDEN for the instance, when the tenant does not administer it.
   */
  async change(change: SafeModeChange): Promise<SafeModeState> {
    const { tenantId, actorRef, requestId, administersInstance, enabled } = change;
    const scope = change.scope ?? (administersInstance ? 'instance' : 'tenant');
    if (scope === 'instance' && !administersInstance) {
      throw new AppError('FORBIDDEN', {
        detail: 'Only the tenant that administers the instance may do that.',
      });
    }
    const reason = replaceOperator(change.reason, detect(change.reason)).text;
    await this.database.withTenant(tenantId, async (trx) => {
      const before = await this.repository.lock(trx, tenantId, scope);
      if ((before?.enabled ?? false) === enabled) return;
      const changedAt = this.clock.now();
      await this.repository.save(trx, { tenantId, scope, enabled, reason, changedBy: actorRef, changedAt });
      await this.audit.append(trx, tenantId, {
        type: 'safe_mode.changed',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [{ type: 'tenant', ref: tenantId }],
        change: { from: enabled ? 'off' : 'on', to: enabled ? 'on' : 'off' },
        context: { requestId },
        detail: { scope, reason: createHash('sha256').update(reason, 'utf8').digest('hex') },
      });
    });
    await this.safeMode.reread();
    return this.safeMode.stateOf(tenantId);
  }
}
