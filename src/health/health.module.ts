import { Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthIndicators } from './health-indicators.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { BuiltInIndicators } from './indicators/built-in-indicators.js';
import { Readiness } from './readiness.js';

/** Health endpoints, and the registry that other rooms add their indicators to. */
@Global()
@Module({
  // Its own logger would report every failing probe as an error of ours.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [HealthIndicators, HealthService, Readiness, BuiltInIndicators],
  exports: [HealthIndicators, Readiness],
})
export class HealthModule {}
