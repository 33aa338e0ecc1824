import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { RETENTION_CLASSES, type RetentionClass } from '../audit/retention-class.js';
import { type StoredTrailPolicy, TrailPolicyRepository } from './trail-policy.repository.js';

/** What holds for the records of a class. */
export interface TrailPolicy {
  readonly class: RetentionClass;
  /** 0 = for ever. */
  readonly retentionDays: number;
  readonly floorDays: number;
  readonly source: 'tenant' | 'default';
  readonly updatedBy: string | null;
  readonly updatedAt: Date | null;
}

/** Who changes a policy. */
export interface PolicyActor {
  readonly tenantId: string;
  /** Id of the principal. */
  readonly id: string;
  readonly requestId: string;
}

/** How long a tenant keeps the records of its trail, by class. */
@Injectable()
export class TrailPolicies {
  constructor(
    private readonly database: DatabaseService,
    private readonly policies: TrailPolicyRepository,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Every class, shortest floor first. */
  async list(tenantId: string): Promise<TrailPolicy[]> {
    const stored = await this.database.withTenant(tenantId, (trx) => this.policies.all(trx));
    return CLASSES.map((name) =>
      policyOf(
        name,
        stored.find((policy) => policy.class === name),
      ),
    );
  }

  /** @throws AppError RETENTION_CLASS_NOT_FOUND. */
  async get(tenantId: string, name: string): Promise<TrailPolicy> {
    const known = classOf(name);
    const stored = await this.database.withTenant(tenantId, (trx) => this.policies.find(trx, known));
    return policyOf(known, stored);
  }

  /**
   * Sets a policy; to set what holds already changes nothing.
   *
   * @throws AppError RETENTION_CLASS_NOT_FOUND; VALIDATION_FAILED below the floor of the class.
   */
  set(actor: PolicyActor, name: string, retentionDays: number): Promise<TrailPolicy> {
    const known = classOf(name);
    const { floorDays } = RETENTION_CLASSES[known];
    if (retentionDays > 0 && retentionDays < floorDays) {
      const message = `must be 0 or at least ${floorDays}: records of this class are kept that long`;
      throw new AppError('VALIDATION_FAILED', { errors: [{ path: 'retentionDays', message }] });
    }
    return this.database.withTenant(actor.tenantId, async (trx) => {
      await this.policies.lock(trx, actor.tenantId);
      const before = await this.policies.find(trx, known);
      if (before?.retentionDays === retentionDays) return policyOf(known, before);
      const policy = { class: known, retentionDays, updatedBy: actor.id, updatedAt: this.clock.now() };
      await this.policies.save(trx, actor.tenantId, policy);
      await this.record(trx, actor, known, before, retentionDays);
      return policyOf(known, policy);
    });
  }

  /** Takes a policy back, so that the default holds. @throws AppError RETENTION_CLASS_NOT_FOUND. */
  async remove(actor: PolicyActor, name: string): Promise<void> {
    const known = classOf(name);
    await this.database.withTenant(actor.tenantId, async (trx) => {
      await this.policies.lock(trx, actor.tenantId);
      const before = await this.policies.find(trx, known);
      if (!before) return;
      await this.policies.remove(trx, known);
      await this.record(trx, actor, known, before, undefined);
    });
  }

  private async record(
    trx: Trx,
    { tenantId, id, requestId }: PolicyActor,
    name: RetentionClass,
    before: StoredTrailPolicy | undefined,
    after: number | undefined,
  ): Promise<void> {
    await this.audit.append(trx, tenantId, {
      type: 'retention.trail_policy_changed',
      outcome: 'success',
      actor: { type: 'apiKey', ref: id },
      targets: [{ type: 'retention_class', ref: name }],
      change: { from: String(before?.retentionDays ?? 'default'), to: String(after ?? 'default') },
      context: { requestId },
    });
  }
}

const CLASSES = Object.keys(RETENTION_CLASSES) as RetentionClass[];

function classOf(name: string): RetentionClass {
  const known = CLASSES.find((each) => each === name);
  if (!known) throw new AppError('RETENTION_CLASS_NOT_FOUND');
  return known;
}

function policyOf(name: RetentionClass, stored: StoredTrailPolicy | undefined): TrailPolicy {
  const { floorDays, defaultDays } = RETENTION_CLASSES[name];
  return {
    class: name,
    retentionDays: stored?.retentionDays ?? defaultDays,
    floorDays,
    source: stored ? 'tenant' : 'default',
    updatedBy: stored?.updatedBy ?? null,
    updatedAt: stored?.updatedAt ?? null,
  };
}
