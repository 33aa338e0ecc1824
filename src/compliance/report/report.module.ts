import { Module } from '@nestjs/common';
import { FrameworkReportController } from './frameworks/framework-report.controller.js';
import { DayClosing } from './period/day-closing.service.js';
import { PeriodFiguresService } from './period/period-figures.service.js';
import { PeriodLog } from './period/period-log.service.js';
import { PeriodReportController } from './period/period-report.controller.js';
import { PeriodReports } from './period/period-report.service.js';
import { ReportDayRepository } from './period/report-day.repository.js';
import { ReportIssuer } from './report-issuer.service.js';

/** Reports for those who must answer for what was done. */
@Module({
  controllers: [PeriodReportController, FrameworkReportController],
  providers: [ReportIssuer, ReportDayRepository, PeriodFiguresService, PeriodLog, PeriodReports, DayClosing],
  exports: [ReportIssuer, PeriodFiguresService],
})
export class ReportModule {}
