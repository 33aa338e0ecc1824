import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { DefinitionStore } from '../definitions/definition-store.service.js';
import { RetentionPolicyRepository, type StoredPolicy } from './retention-policy.repository.js';
import { EVERY_OTHER, type RetentionPolicy } from './retention-rule.js';

/** What holds for a definition, and who says so. */
export interface EffectivePolicy extends RetentionPolicy {
  /** The policy that decides: of the definition, of the tenant (`*`), or the configuration. */
  readonly source: 'definition' | 'tenant' | 'configuration';
  readonly updatedBy: string | null;
  readonly updatedAt: Date | null;
}

/** How long a tenant keeps its ended runs. */
@Injectable()
export class RetentionPolicies {
  constructor(
    private readonly database: DatabaseService,
    private readonly policies: RetentionPolicyRepository,
    private readonly definitions: DefinitionStore,
    private readonly audit: AuditTrail,
    @InjectConfig('retention') private readonly config: AppConfig['retention'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The policies of a tenant by name; the first is that of `*`, if only from the configuration. */
  list(tenantId: string, limit: number, after?: string): Promise<EffectivePolicy[]> {
    return this.database.withTenant(tenantId, async (trx) => {
      const stored = (await this.policies.list(trx, limit, after)).map(effectiveOf);
      const isMissing = after === undefined && stored[0]?.definition !== EVERY_OTHER;
      return isMissing ? [this.configured(EVERY_OTHER), ...stored].slice(0, limit) : stored;
    });
  }

  /** What holds for a definition. @throws AppError DEFINITION_NOT_FOUND when there is neither it nor a policy for it. */
  get(tenantId: string, definition: string): Promise<EffectivePolicy> {
    return this.database.withTenant(tenantId, (trx) => this.effective(trx, definition));
  }

  /** Sets a policy; to set what holds already changes nothing. @throws AppError DEFINITION_NOT_FOUND. */
  set(
    principal: Principal,
    definition: string,
    retentionDays: number,
    requestId: string,
  ): Promise<EffectivePolicy> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      // Two changes at once would otherwise both record the same former value.
      await this.policies.lock(trx, principal.tenantId);
      const before = await this.policies.find(trx, definition);
      if (before?.retentionDays === retentionDays) return effectiveOf(before);
      if (!before && definition !== EVERY_OTHER) await this.definitions.get(trx, definition);
      const policy = { definition, retentionDays, updatedBy: principal.id, updatedAt: this.clock.now() };
      await this.policies.save(trx, principal.tenantId, policy);
      await this.record(trx, principal, requestId, definition, before, retentionDays);
      return effectiveOf(policy);
    });
  }

  /** Takes a policy back, so that the more general one holds. Doing it again changes nothing. */
  remove(principal: Principal, definition: string, requestId: string): Promise<void> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      await this.policies.lock(trx, principal.tenantId);
      const before = await this.policies.find(trx, definition);
      if (!before) return;
      await this.policies.remove(trx, definition);
      await this.record(trx, principal, requestId, definition, before, undefined);
    });
  }

  private async effective(trx: Trx, definition: string): Promise<EffectivePolicy> {
    const own = await this.policies.find(trx, definition);
    if (own) return effectiveOf(own);
    if (definition === EVERY_OTHER) return this.configured(definition);
    await this.definitions.get(trx, definition);
    const general = await this.policies.find(trx, EVERY_OTHER);
    return general ? { ...effectiveOf(general), definition } : this.configured(definition);
  }

  private configured(definition: string): EffectivePolicy {
    const retentionDays = this.config.finishedRunsDays;
    return { definition, retentionDays, source: 'configuration', updatedBy: null, updatedAt: null };
  }

  private async record(
    trx: Trx,
    principal: Principal,
    requestId: string,
    definition: string,
    before: StoredPolicy | undefined,
    after: number | undefined,
  ): Promise<void> {
    await this.audit.append(trx, principal.tenantId, {
      type: 'retention.policy_changed',
      outcome: 'success',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'retention_policy', ref: definition }],
      change: { from: daysText(before?.retentionDays), to: daysText(after) },
      context: { requestId },
    });
  }
}

function effectiveOf(policy: StoredPolicy): EffectivePolicy {
  return { ...policy, source: policy.definition === EVERY_OTHER ? 'tenant' : 'definition' };
}

function daysText(days: number | undefined): string {
  return days === undefined ? 'inherited' : String(days);
}
