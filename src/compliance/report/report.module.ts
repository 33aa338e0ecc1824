import { Module } from '@nestjs/common';
import { ReportIssuer } from './report-issuer.service.js';

/** Reports for those who must answer for what was done. */
@Module({ providers: [ReportIssuer], exports: [ReportIssuer] })
export class ReportModule {}
