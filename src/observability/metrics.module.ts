import { Global, Module } from '@nestjs/common';
import { getConfigToken } from '@nestjs/config';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { Gauge, Registry } from 'prom-client';
import type { AppConfig } from '../config/app-config.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics, METRICS_REGISTRY } from './metrics.js';

/**
 * Prometheus metrics at `/metrics`. The registry belongs to the application and not to the process, so that
 * two applications in one process (as in tests) neither collide nor add up.
 */
@Global()
@Module({
  imports: [
    PrometheusModule.registerAsync({
      controller: MetricsController,
      inject: [METRICS_REGISTRY],
      useFactory: (...[registry]: unknown[]) => ({
        defaultMetrics: { enabled: true, config: { register: registry as Registry } },
      }),
    }),
  ],
  providers: [
    {
      provide: METRICS_REGISTRY,
      inject: [getConfigToken('instance')],
      useFactory: (instance: AppConfig['instance']) => registryOf(instance.version),
    },
    Metrics,
  ],
  exports: [METRICS_REGISTRY, Metrics],
})
export class MetricsModule {}

function registryOf(version: string): Registry {
  const registry = new Registry();
  new Gauge({
    name: 'countersign_build_info',
    help: 'Which build is running; always 1.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  return registry;
}
