import { Registry } from 'prom-client';
import { Metrics } from '../../src/observability/metrics.js';

/** Metrics of a registry of their own, for a part that is tested without the rest of the product. */
export function testMetrics(): Metrics {
  return new Metrics(new Registry());
}
