import { Module } from '@nestjs/common';
import { BreakerRecorder } from './breaker-recorder.service.js';
import { BreakerRegistry } from './breaker-registry.js';
import { CircuitBreakersController } from './circuit-breakers.controller.js';
import { ErrorRecovery } from './error-recovery.service.js';
import { RecoveryMetricsController } from './recovery-metrics.controller.js';

/** Circuit breakers, retries and time limits for calls that may fail. */
@Module({
  controllers: [CircuitBreakersController, RecoveryMetricsController],
  providers: [BreakerRegistry, BreakerRecorder, ErrorRecovery],
  exports: [BreakerRegistry, ErrorRecovery],
})
export class ErrorRecoveryModule {}
