import type { HealthIndicator } from '../health-indicators.js';

/** Whether the database answers; without it nothing may be changed. */
export function databaseIndicator(database: { ping(): Promise<void> }): HealthIndicator {
  return {
    name: 'database',
    critical: true,
    check: async () => {
      await database.ping();
      return { status: 'healthy' };
    },
  };
}
