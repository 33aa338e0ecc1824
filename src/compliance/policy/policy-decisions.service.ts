import { Injectable, Logger } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { canonicalHash } from '../../kernel/canonical-json.js';
import { ActivePolicies, type PolicyPin } from './active-policies.service.js';
import { BuiltinPolicies } from './builtin-policies.service.js';
import type { PolicyRequest } from './policy-request.js';
import { PolicySets, type PolicySet } from './policy-sets.js';
import { DEFAULT_SETTINGS } from './policy-settings.js';
import type { PolicyDraft } from './policy-versions.service.js';
import { PolicyRepository } from './policy.repository.js';

/** What the policies said, and all that is needed to ask again. */
export interface PolicyDecision {
  readonly result: 'allow' | 'deny' | 'failure';
  /** The tenant's version, and what was built in: `3.5f0c9a12b3d4`. */
  readonly version: string;
  /** Ids of the policies that decided, or that could not be evaluated. */
  readonly policies: readonly string[];
  readonly request: PolicyRequest;
  /** SHA-256 of the canonical request. */
  readonly digest: string;
}

/** Policies that are no version, to be asked what they would say. */
export interface PolicyTrial {
  readonly key: string;
  readonly set: PolicySet;
}

/** Asks the policies that hold. Whatever cannot be loaded, prepared or evaluated is a failure, and a failure denies. */
@Injectable()
export class PolicyDecisions {
  private readonly logger = new Logger(PolicyDecisions.name);
  private readonly sets = new PolicySets();

  constructor(
    private readonly builtin: BuiltinPolicies,
    private readonly active: ActivePolicies,
    private readonly repository: PolicyRepository,
    private readonly database: DatabaseService,
  ) {}

  /**
   * Decides by the version that holds for a run.
   *
   * @throws when the database does not answer; then nothing was decided.
   */
  async decide(request: PolicyRequest, pin: PolicyPin): Promise<PolicyDecision> {
    const version = await this.active.versionFor(request.run.tenantId, pin);
    return this.decideBy(version, request);
  }

  /** Makes a draft what can be asked. It has to be valid. */
  trialOf(draft: PolicyDraft): PolicyTrial {
    const { policies, settings } = draft;
    return {
      key: `draft/${canonicalHash(draft)}`,
      set: { texts: { ...policies, ...this.builtin.textsFor(draft) }, settings },
    };
  }

  /** Decides by a version, whether it holds or not, or by what is none. */
  async decideBy(rules: number | PolicyTrial, request: PolicyRequest): Promise<PolicyDecision> {
    const isTrial = typeof rules === 'object';
    const decision = {
      request,
      version: `${isTrial ? 'draft' : rules}.${this.builtin.digest}`,
      digest: canonicalHash(request),
    };
    const key = isTrial ? this.readyTrial(rules) : await this.ready(request.run.tenantId, rules);
    if (key === undefined) return { ...decision, result: 'failure', policies: [] };
    return { ...decision, ...this.sets.ask(key, request) };
  }

  /** How many sets of policies are kept ready. */
  get preparedSets(): number {
    return this.sets.size;
  }

  private readyTrial({ key, set }: PolicyTrial): string | undefined {
    return this.sets.isReady(key) || this.sets.prepare(key, set) ? key : undefined;
  }

  /** The key of the set, which is ready; undefined when it cannot be made ready. */
  private async ready(tenantId: string, version: number): Promise<string | undefined> {
    // What is built in is the same for everybody.
    const key = version === 0 ? 'builtin' : `${tenantId}/${version}`;
    if (this.sets.isReady(key)) return key;
    const set = await this.load(tenantId, version);
    if (set && this.sets.prepare(key, set)) return key;
    this.logger.error({ event: 'policies.not_loaded', tenantId, version }, 'policies cannot be loaded');
    return undefined;
  }

  private async load(tenantId: string, version: number): Promise<PolicySet | undefined> {
    if (version === 0) {
      return { texts: this.builtin.textsFor({ defaultPermit: true }), settings: DEFAULT_SETTINGS };
    }
    const stored = await this.database.withTenant(tenantId, (trx) => this.repository.find(trx, version));
    if (!stored) return undefined;
    return {
      texts: { ...stored.policies, ...this.builtin.textsFor(stored) },
      settings: { ...DEFAULT_SETTINGS, ...stored.settings },
    };
  }
}
