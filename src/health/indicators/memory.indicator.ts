import { getHeapStatistics } from 'node:v8';
import type { HealthFinding, HealthIndicator } from '../health-indicators.js';

const DEGRADED_ABOVE = 0.9;

/** How close this process is to the limit of its heap or, in a container, of its memory. */
export function memoryIndicator(): HealthIndicator {
  return {
    name: 'memory',
    critical: false,
    check: async () => decideMemoryHealth(heapShare(), containerShare()),
  };
}

/** What the used shares of heap and container, from 0 to 1, mean. */
export function decideMemoryHealth(ofHeap: number, ofContainer: number): HealthFinding {
  const detail = `${Math.round(ofHeap * 100)} % of the heap in use`;
  return { status: Math.max(ofHeap, ofContainer) > DEGRADED_ABOVE ? 'degraded' : 'healthy', detail };
}

function heapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}

function containerShare(): number {
  const limit = process.constrainedMemory();
  // Without a limit this is 0 or an absurdly large number; both say nothing.
  return limit > 0 ? process.memoryUsage.rss() / limit : 0;
}
