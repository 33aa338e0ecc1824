import type { AppConfig } from '../../config/app-config.js';
import type { HealthIndicator } from '../health-indicators.js';

/** Settings that work and are still not meant for where they are used. Faulty ones never get this far. */
export function configurationIndicator(
  instance: AppConfig['instance'],
  database: Pick<AppConfig['database'], 'tier'>,
): HealthIndicator {
  const isMisplaced = instance.environment === 'production' && database.tier === 'embedded';
  return {
    name: 'configuration',
    critical: false,
    check: async () =>
      isMisplaced
        ? { status: 'degraded', detail: 'production runs on the embedded database' }
        : { status: 'healthy', detail: instance.environment },
  };
}
