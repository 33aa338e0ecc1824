import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { ContentSweep } from './content-sweep.service.js';
import { RetentionPassRepository } from './retention-pass.repository.js';
import { RetentionRules } from './retention-rules.service.js';
import { RunPurge } from './run-purge.service.js';

/** What a pass has done. */
export interface PassResult {
  readonly runs: number;
  readonly contents: number;
  /** Tenants that were given up because of a fault; the next pass tries again. */
  readonly failedTenants: number;
}

/** Goes through all tenants once and removes what is due, in small batches. */
@Injectable()
export class RetentionPass {
  private readonly logger = new Logger(RetentionPass.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly passes: RetentionPassRepository,
    private readonly rules: RetentionRules,
    private readonly purge: RunPurge,
    private readonly contents: ContentSweep,
    @InjectConfig('retention') private readonly config: AppConfig['retention'],
  ) {}

  /**
   * One pass, unless another process is at it: then undefined.
   *
   * The lock is that of a transaction which does nothing else: it holds no snapshot and no row, and goes with its
   * process. Should it be lost, two passes would merely share the work; each batch locks its own runs.
   */
  run(signal: AbortSignal): Promise<PassResult | undefined> {
    return this.database.withSystem(async (trx) => {
      if (!(await this.passes.tryLock(trx))) return undefined;
      const total = { runs: 0, contents: 0, failedTenants: 0 };
      for (const tenantId of await this.database.withSystem((own) => this.passes.tenantIds(own))) {
        if (signal.aborted) break;
        try {
          total.runs += await this.purgeTenant(tenantId, signal);
          total.contents += await this.contents.sweep(tenantId, signal);
        } catch (error) {
          total.failedTenants += 1;
          this.logger.error(
            { event: 'retention.failed', tenantId, err: error },
            'runs that are due stay for now',
          );
        }
      }
      return total;
    });
  }

  private async purgeTenant(tenantId: string, signal: AbortSignal): Promise<number> {
    const rules = await this.database.withRetention(tenantId, (trx) => this.rules.all(trx));
    let runs = 0;
    for (const { definition } of rules) runs += await this.purgeDue(tenantId, definition, signal);
    return runs;
  }

  private async purgeDue(tenantId: string, definition: string, signal: AbortSignal): Promise<number> {
    let runs = 0;
    let endedFrom: Date | undefined;
    while (!signal.aborted) {
      const batch = await this.purge.purge(tenantId, definition, endedFrom);
      runs += batch.runs;
      if (batch.runs < this.config.batchSize) break;
      endedFrom = batch.endedUpTo;
      await wait(this.config.pauseMs, undefined, { signal }).catch(() => undefined);
    }
    return runs;
  }
}
