import { Inject, Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { Metrics } from '../../observability/metrics.js';
import { type AuditFact, type AuditRecord, buildAuditRecord, type RunChain } from './audit-leaf.js';
import { SealWatch } from './log/seal-watch.service.js';
import { AuditRepository } from './audit.repository.js';

/** Records ready to be written, and where the run's chain stands after them. */
export interface PreparedAudit {
  readonly records: readonly AuditRecord[];
  readonly chain: RunChain | undefined;
}

/**
 * Writes the audit trail. Always in the transaction of the change itself: no record, no change, and the reverse.
 */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly repository: AuditRepository,
    private readonly metrics: Metrics,
    private readonly sealing: SealWatch,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Builds and hashes the records before the transaction opens, so that nothing is computed while rows are locked.
   *
   * @throws AppError AUDIT_UNAVAILABLE when a fact cannot be brought into canonical form, or what was recorded before
   *   waits for the log too long.
   */
  prepare(tenantId: string, facts: readonly AuditFact[], chain?: RunChain): PreparedAudit {
    if (this.sealing.isOverdue) {
      throw new AppError('AUDIT_UNAVAILABLE', {
        detail: 'What was recorded before has not been sealed in time.',
      });
    }
    const occurredAt = this.clock.now();
    let current = chain;
    try {
      const records = facts.map((fact) => {
        const record = buildAuditRecord(tenantId, fact, occurredAt, current);
        if (current) current = { ...current, seq: current.seq + 1, head: record.leafHash };
        return record;
      });
      return { records, chain: current };
    } catch (error) {
      throw new AppError('AUDIT_UNAVAILABLE', { cause: error });
    }
  }

  /** Inserts prepared records. @throws AppError AUDIT_UNAVAILABLE; the transaction must then be given up. */
  async write(trx: Trx, prepared: PreparedAudit): Promise<void> {
    if (prepared.records.length === 0) return;
    try {
      await this.repository.insert(trx, prepared.records);
    } catch (error) {
      throw new AppError('AUDIT_UNAVAILABLE', { cause: error });
    }
    this.written(prepared);
  }

  /** To be called when somebody else's statement has written the records. */
  written({ records }: PreparedAudit): void {
    for (const record of records) this.metrics.auditAppended(record.type);
    this.sealing.wake.notify();
  }

  /** Prepares and writes facts; returns the run's chain after them where one was given. */
  async append(
    trx: Trx,
    tenantId: string,
    facts: AuditFact | readonly AuditFact[],
    chain?: RunChain,
  ): Promise<RunChain | undefined> {
    const prepared = this.prepare(tenantId, Array.isArray(facts) ? facts : [facts as AuditFact], chain);
    await this.write(trx, prepared);
    return prepared.chain;
  }
}
