import { statfs } from 'node:fs/promises';
import type { HealthFinding, HealthIndicator } from '../health-indicators.js';

const DEGRADED_BELOW = 0.1;
const UNHEALTHY_BELOW = 0.02;

/** Free space where this instance writes. */
export function diskIndicator(folder: string): HealthIndicator {
  return {
    name: 'disk',
    critical: false,
    check: async () => {
      const { bavail, blocks } = await statfs(folder);
      return decideDiskHealth(bavail / blocks);
    },
  };
}

/** What a free share of the disk, from 0 to 1, means. */
export function decideDiskHealth(freeShare: number): HealthFinding {
  const detail = `${Math.floor(freeShare * 100)} % free`;
  if (freeShare < UNHEALTHY_BELOW) return { status: 'unhealthy', detail };
  return { status: freeShare < DEGRADED_BELOW ? 'degraded' : 'healthy', detail };
}
