import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AgentsModule } from './agents/agents.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BulkModule } from './bulk/bulk.module.js';
import { AuditModule } from './compliance/audit/audit.module.js';
import { SealingModule } from './compliance/audit/log/sealing.module.js';
import { HoldModule } from './compliance/hold/hold.module.js';
import { PiiModule } from './compliance/pii/pii.module.js';
import { SafeModeModule } from './compliance/safe-mode/safe-mode.module.js';
import { SubjectsModule } from './compliance/subjects/subjects.module.js';
import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveryModule } from './delivery/delivery.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { CLOCK, systemClock } from './kernel/clock.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { RedisModule } from './redis/redis.module.js';
import { SchedulesModule } from './schedules/schedules.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { EvidenceModule } from './workflow/evidence/evidence.module.js';
import { AuditExportsModule } from './compliance/audit-exports/audit-exports.module.js';
import { TrailRetentionModule } from './compliance/trail-retention/trail-retention.module.js';
import { ProcessingModule } from './workflow/processing/processing.module.js';
import { RetentionModule } from './workflow/retention/retention.module.js';
import { WorkflowModule } from './workflow/workflow.module.js';

@Global()
@Module({ providers: [{ provide: CLOCK, useValue: systemClock }], exports: [CLOCK] })
class ClockModule {}

/** The whole product. Every process is made of it; `server.role` says which part of the work it takes. */
@Module({})
export class AppModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ClockModule,
        ConfigModule.forRoot(config),
        ObservabilityModule.forRoot(),
        DatabaseModule,
        RedisModule,
        JobsModule,
        HealthModule,
        HttpModule,
        AuditModule,
        SealingModule,
        AuthModule,
        PiiModule,
        SafeModeModule,
        HoldModule,
        TrailRetentionModule,
        AuditExportsModule,
        SubjectsModule,
        SessionsModule,
        AgentsModule,
        WorkflowModule,
        RetentionModule,
        EvidenceModule,
        ProcessingModule,
        DeliveryModule,
        WebhooksModule,
        SchedulesModule,
        BulkModule,
      ],
    };
  }
}
