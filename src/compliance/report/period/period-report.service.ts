import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { EVENT_LINKS } from '../event-links.js';
import { PeriodFiguresService } from './period-figures.service.js';
import { PeriodLog } from './period-log.service.js';
import { periodFactsOf, type PeriodReport } from './period-report.js';
import type { Period } from './period-report.query.js';
import { ReportDayRepository } from './report-day.repository.js';

/** Makes the report of a tenant on a period. */
@Injectable()
export class PeriodReports {
  constructor(
    private readonly database: DatabaseService,
    private readonly figures: PeriodFiguresService,
    private readonly days: ReportDayRepository,
    private readonly log: PeriodLog,
  ) {}

  /** @throws AppError REPORT_NOT_READY. */
  async create(tenantId: string, period: Period): Promise<PeriodReport> {
    const { from, to } = period;
    const facts = periodFactsOf(await this.figures.of(tenantId, from, to));
    const stored = await this.database.withTenant(tenantId, (trx) => this.days.storedRuns(trx, from, to), {
      snapshot: true,
    });
    return {
      kind: 'period',
      period: { from: from.toISOString(), to: to.toISOString() },
      ...facts,
      runs: { ...facts.runs, stored },
      log: await this.log.of(tenantId, period),
      links: EVENT_LINKS,
    };
  }
}
