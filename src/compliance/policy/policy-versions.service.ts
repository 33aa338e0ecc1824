import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { canonicalHash } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { ActivePolicies } from './active-policies.service.js';
import { BuiltinPolicies } from './builtin-policies.service.js';
import type { PolicyTexts } from './policy-check.js';
import type { PolicySettings } from './policy-settings.js';
import { type PolicyActivation, PolicyRepository, type StoredPolicyVersion } from './policy.repository.js';

/** Who changes the policies of a tenant. */
export interface PolicyAuthor {
  readonly tenantId: string;
  readonly principalId: string;
  readonly requestId: string;
}

/** What a new version is made of. */
export interface PolicyDraft {
  readonly policies: PolicyTexts;
  readonly settings: PolicySettings;
  /** Whether the built-in permit holds beside them. */
  readonly defaultPermit: boolean;
}

/** The texts of policies by which was decided. */
export interface PolicyTextsInForce {
  readonly builtin: { readonly digest: string; readonly policies: PolicyTexts };
  readonly versions: readonly (PolicyDraft & {
    readonly version: number;
    /** SHA-256 over draft in canonical form, as the event `policy.created` has it. */
    readonly digest: string;
  })[];
}

/** Called in the transaction of a change, so that what it writes commits with it. */
export type WithinChange<T> = (trx: Trx, changed: T) => Promise<void>;

/** Versions of a tenant's policies: added, made to hold, taken back. None is ever changed. */
@Injectable()
export class PolicyVersions {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: PolicyRepository,
    private readonly builtin: BuiltinPolicies,
    private readonly active: ActivePolicies,
    private readonly audit: AuditTrail,
    @InjectConfig('policies') private readonly config: AppConfig['policies'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Adds a version; it does not hold yet. @throws AppError POLICY_INVALID with every fault and its place. */
  create(
    author: PolicyAuthor,
    draft: PolicyDraft,
    within?: WithinChange<StoredPolicyVersion>,
  ): Promise<StoredPolicyVersion> {
    this.requireValid(draft.policies);
    const digest = canonicalHash(draft);
    return this.database.withTenant(author.tenantId, async (trx) => {
      await this.repository.lock(trx, author.tenantId);
      const [newest] = await this.repository.list(trx, 1);
      const version: StoredPolicyVersion = {
        ...draft,
        id: newId(),
        version: (newest?.version ?? 0) + 1,
        digest: Buffer.from(digest, 'hex'),
        createdBy: author.principalId,
        createdAt: this.clock.now(),
      };
      await this.repository.insert(trx, author.tenantId, version);
      await this.audit.append(trx, author.tenantId, {
        ...actOf(author),
        type: 'policy.created',
        outcome: 'success',
        targets: [{ type: 'policy_version', ref: version.id }],
        detail: {
          version: version.version,
          policies: Object.keys(draft.policies).length,
          digest,
          defaultPermit: draft.defaultPermit,
        },
      });
      await within?.(trx, version);
      return version;
    });
  }

  /**
   * Makes a version hold; version 0 stands for the built-in policies alone.
   *
   * @throws AppError POLICY_VERSION_NOT_FOUND, POLICY_ALREADY_ACTIVE; POLICY_FOUR_EYES, which is recorded first.
   */
  async activate(
    author: PolicyAuthor,
    version: number,
    appliesTo: PolicyActivation['appliesTo'],
  ): Promise<PolicyActivation> {
    const done = await this.database.withTenant(author.tenantId, async (trx) => {
      await this.repository.lock(trx, author.tenantId);
      const stored = version === 0 ? undefined : await this.repository.find(trx, version);
      if (version !== 0 && !stored) throw new AppError('POLICY_VERSION_NOT_FOUND');
      const newest = await this.repository.newestActivation(trx);
      const reaches = newest?.appliesTo === 'all' || appliesTo === 'new';
      if ((newest?.version ?? 0) === version && reaches) throw new AppError('POLICY_ALREADY_ACTIVE');
      if (this.config.fourEyes && stored?.createdBy === author.principalId) {
        await this.recordRefusal(trx, author, stored);
        return undefined;
      }
      const undoTo = newest?.number ?? 0;
      return this.hold(trx, author, newest, { version, appliesTo, kind: 'activate', undoTo });
    });
    // A refusal is a result too: its record had to be committed.
    if (!done) throw new AppError('POLICY_FOUR_EYES');
    this.active.forget(author.tenantId);
    return done;
  }

  /** Makes the version hold that held before. Once more leads one further back. @throws AppError POLICY_NOTHING_BEFORE. */
  async rollback(author: PolicyAuthor, appliesTo: PolicyActivation['appliesTo']): Promise<PolicyActivation> {
    const done = await this.database.withTenant(author.tenantId, async (trx) => {
      await this.repository.lock(trx, author.tenantId);
      const newest = await this.repository.newestActivation(trx);
      if (!newest || newest.undoTo === null) throw new AppError('POLICY_NOTHING_BEFORE');
      const before = newest.undoTo === 0 ? undefined : await this.repository.activation(trx, newest.undoTo);
      return this.hold(trx, author, newest, {
        version: before?.version ?? 0,
        appliesTo,
        kind: 'rollback',
        undoTo: before?.undoTo ?? null,
      });
    });
    this.active.forget(author.tenantId);
    return done;
  }

  /** A stored version. @throws AppError POLICY_VERSION_NOT_FOUND. */
  get(tenantId: string, version: number): Promise<StoredPolicyVersion> {
    return this.database.withTenant(tenantId, async (trx) => {
      const stored = await this.repository.find(trx, version);
      if (!stored) throw new AppError('POLICY_VERSION_NOT_FOUND');
      return stored;
    });
  }

  /** What versions say, with what is built in as it is now; those that are not stored are left out. */
  async texts(tenantId: string, versions: readonly number[]): Promise<PolicyTextsInForce> {
    const stored = await this.database.withTenant(tenantId, (trx) => this.repository.findAll(trx, versions));
    return {
      builtin: { digest: this.builtin.digest, policies: this.builtin.textsFor({ defaultPermit: true }) },
      versions: stored.map(({ version, digest, policies, settings, defaultPermit }) => ({
        version,
        digest: digest.toString('hex'),
        policies,
        settings,
        defaultPermit,
      })),
    };
  }

  /** Newest first, and what holds now. */
  list(
    tenantId: string,
    limit: number,
    before?: number,
  ): Promise<{ versions: StoredPolicyVersion[]; active: PolicyActivation | undefined }> {
    return this.database.withTenant(tenantId, async (trx) => ({
      versions: await this.repository.list(trx, limit, before),
      active: await this.repository.newestActivation(trx),
    }));
  }

  /** @throws AppError POLICY_INVALID with every fault and its place. */
  requireValid(policies: PolicyTexts): void {
    const faults = this.builtin.check(policies);
    if (faults.length === 0) return;
    throw new AppError('POLICY_INVALID', {
      errors: faults.map(({ policy, message }) => ({ path: `policies.${policy}`, message })),
      members: { faults },
    });
  }

  private async hold(
    trx: Trx,
    author: PolicyAuthor,
    newest: PolicyActivation | undefined,
    choice: Pick<PolicyActivation, 'version' | 'appliesTo' | 'kind' | 'undoTo'>,
  ): Promise<PolicyActivation> {
    const activation: PolicyActivation = {
      ...choice,
      id: newId(),
      number: (newest?.number ?? 0) + 1,
      activatedBy: author.principalId,
      activatedAt: this.clock.now(),
    };
    await this.repository.activate(trx, author.tenantId, activation);
    await this.audit.append(trx, author.tenantId, {
      ...actOf(author),
      type: choice.kind === 'rollback' ? 'policy.rolled_back' : 'policy.activated',
      outcome: 'success',
      targets: [{ type: 'policy_activation', ref: activation.id }],
      change: { from: String(newest?.version ?? 0), to: String(activation.version) },
      detail: { number: activation.number, appliesTo: activation.appliesTo },
    });
    return activation;
  }

  private async recordRefusal(trx: Trx, author: PolicyAuthor, { id }: StoredPolicyVersion): Promise<void> {
    await this.audit.append(trx, author.tenantId, {
      ...actOf(author),
      type: 'policy.activation_denied',
      outcome: 'denied',
      code: 'POLICY_FOUR_EYES',
      targets: [{ type: 'policy_version', ref: id }],
    });
  }
}

function actOf({ principalId, requestId }: PolicyAuthor) {
  return { actor: { type: 'apiKey', ref: principalId }, context: { requestId } } as const;
}
