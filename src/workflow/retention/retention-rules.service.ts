import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { RetentionPolicyRepository } from './retention-policy.repository.js';
import { type RetentionRule, rulesOf } from './retention-rule.js';

/** Which runs of a tenant are due at this moment. For transactions of `withRetention`. */
@Injectable()
export class RetentionRules {
  constructor(
    private readonly policies: RetentionPolicyRepository,
    @InjectConfig('retention') private readonly config: AppConfig['retention'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async all(trx: Trx): Promise<RetentionRule[]> {
    return rulesOf(await this.policies.all(trx), this.config.finishedRunsDays, this.clock.now());
  }

  /** The rule that stands under this name now; undefined when what it spoke of is kept for ever. */
  async find(trx: Trx, definition: string): Promise<RetentionRule | undefined> {
    return (await this.all(trx)).find((rule) => rule.definition === definition);
  }
}
