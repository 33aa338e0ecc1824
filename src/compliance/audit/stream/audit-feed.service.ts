import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { AppError } from '../../../kernel/app-error.js';
import { AuditRepository, type SealedRow } from '../audit.repository.js';
import { LogRepository } from '../log/log.repository.js';
import { LogGrowth } from './log-growth.service.js';

/** A sealed event that is still kept. */
export type StreamedRow = SealedRow & { readonly leaf: Buffer };

/** Events read at once: a slow reader holds no more than this. */
const PAGE = 100;

/**
 * The events of a tenant's log as a stream that can be taken up anywhere. Its order is that of the log, whose places are
 * given once and never left empty: what was committed late has a later place, so a position never has anything behind
 * it that was not there when it was passed.
 */
@Injectable()
export class AuditFeed {
  constructor(
    private readonly database: DatabaseService,
    private readonly trail: AuditRepository,
    private readonly logs: LogRepository,
    private readonly growth: LogGrowth,
  ) {}

  /**
   * Where a stream is to begin.
   *
   * @param index the place it asks for; behind all that is sealed when absent.
   * @throws AppError AUDIT_RETENTION_PASSED when the place is not kept any more, VALIDATION_FAILED when the log has
   *   never come so far.
   */
  start(tenantId: string, index: number | undefined): Promise<number> {
    return this.database.withTenant(tenantId, async (trx) => {
      const head = await this.logs.head(trx, tenantId);
      const { size = 0, minimumIndex = 0 } = head ?? {};
      if (index === undefined) return size;
      if (index < minimumIndex) throw new AppError('AUDIT_RETENTION_PASSED', { members: { minimumIndex } });
      if (index <= size) return index;
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ path: 'Last-Event-ID', message: `must not be behind the log, which has ${size} events` }],
      });
    });
  }

  /** Every event from a place on, then those to come, until the signal aborts or the process stops. */
  async *subscribe(tenantId: string, from: number, signal: AbortSignal): AsyncGenerator<StreamedRow> {
    const log = this.growth.enter(tenantId);
    try {
      for (let next = from; !signal.aborted && !this.growth.hasStopped;) {
        const rows = await this.database.withTenant(tenantId, (trx) =>
          this.trail.sealedPage(trx, tenantId, next, PAGE),
        );
        for (const row of rows) {
          next = row.index + 1;
          if (row.leaf !== null) yield row as StreamedRow;
        }
        if (rows.length < PAGE) await this.growth.beyond(log, next, signal);
      }
    } finally {
      this.growth.leave(tenantId, log);
    }
  }
}
