import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { canonicalHash } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { AuditTarget } from '../audit/audit-leaf.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import type { ReportFormat } from './document/report-format.js';

/** What every report bears. */
export interface ReportStamp {
  /** Id of the report: the target of its `report.created` event. */
  readonly reportId: string;
  readonly createdAt: string;
  readonly tenantId: string;
  /** `embedded`: the service itself owns the database that holds the trail. */
  readonly tier: 'server' | 'embedded';
}

export interface ReportRequest {
  readonly tenantId: string;
  /** Id of the principal that asks. */
  readonly actorRef: string;
  readonly requestId: string;
  readonly kind: 'run' | 'period' | 'framework' | 'processing';
  readonly format: ReportFormat;
  /** What it is about, beside the report itself. */
  readonly targets: readonly AuditTarget[];
}

/** Stamps reports, and puts each on record with its digest before it is handed out. */
@Injectable()
export class ReportIssuer {
  constructor(
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
    @InjectConfig('database') private readonly config: AppConfig['database'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Makes a report and records it: SHA-256 over its canonical JSON stands in the event.
   *
   * @throws AppError AUDIT_UNAVAILABLE when it cannot be recorded; it is not handed out then. Whatever `make` throws.
   */
  async issue<T extends object>(request: ReportRequest, make: () => Promise<T>): Promise<ReportStamp & T> {
    const { tenantId, actorRef, requestId, kind, format, targets } = request;
    const stamp: ReportStamp = {
      reportId: newId(),
      createdAt: this.clock.now().toISOString(),
      tenantId,
      tier: this.config.tier,
    };
    const report = { ...stamp, ...(await make()) };
    const digest = canonicalHash(report);
    await this.database.withTenant(tenantId, (trx) =>
      this.audit.append(trx, tenantId, {
        type: 'report.created',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [{ type: 'report', ref: stamp.reportId }, ...targets],
        context: { requestId },
        detail: { report: kind, format, digest },
      }),
    );
    return report;
  }
}
