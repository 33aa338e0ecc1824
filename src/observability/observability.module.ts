import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { DestinationStream } from 'pino';
import { LogContextInterceptor } from './log-context.interceptor.js';
import { LoggingModule } from './logging.module.js';
import { MetricsModule } from './metrics.module.js';

/** Logs and metrics for every room; `Metrics` is injectable everywhere. */
@Module({})
export class ObservabilityModule {
  /** @param logDestination where log lines go; standard output when absent. */
  static forRoot(logDestination?: DestinationStream): DynamicModule {
    return {
      module: ObservabilityModule,
      global: true,
      imports: [LoggingModule.forRoot(logDestination), MetricsModule],
      providers: [{ provide: APP_INTERCEPTOR, useClass: LogContextInterceptor }],
      exports: [MetricsModule],
    };
  }
}
