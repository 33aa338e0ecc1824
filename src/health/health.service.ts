import { HttpException, Inject, Injectable } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { CLOCK, type Clock } from '../kernel/clock.js';
import type { HealthFinding, HealthIndicator, HealthStatus } from './health-indicators.js';

/** Probes come every few seconds from several sides; a component is asked no more often than this. */
const CACHE_MS = 2_000;
const CHECK_TIMEOUT_MS = 1_000;

/** What one component said, and how long it took. */
export interface ComponentHealth extends HealthFinding {
  readonly responseTimeMs: number;
}

export interface HealthReport {
  readonly status: HealthStatus;
  readonly components: Readonly<Record<string, ComponentHealth>>;
}

/** Looks at components and says what that means for the whole. */
@Injectable()
export class HealthService {
  private readonly recent = new Map<string, { takenAt: number; health: Promise<ComponentHealth> }>();

  constructor(
    private readonly terminus: HealthCheckService,
    private readonly results: HealthIndicatorService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Unhealthy when a critical component is, degraded when anything else is amiss. */
  async report(indicators: readonly HealthIndicator[]): Promise<HealthReport> {
    const components: Record<string, ComponentHealth> = {};
    const result = await this.aggregate(
      indicators.map((indicator) => async () => {
        const health = await this.healthOf(indicator);
        components[indicator.name] = health;
        const outcome = this.results.check(indicator.name);
        if (health.status === 'healthy') return outcome.up();
        return health.status === 'unhealthy' && indicator.critical ? outcome.down() : outcome.degraded();
      }),
    );
    return { status: STATUS_OF_RESULT[result.status], components: inOrderOf(indicators, components) };
  }

  /** Terminus throws its result when it is a bad one; here it is wanted either way. */
  private async aggregate(
    checks: Parameters<HealthCheckService['check']>[0],
  ): Promise<Pick<HealthCheckResult, 'status'>> {
    try {
      return await this.terminus.check(checks);
    } catch (error) {
      if (error instanceof HttpException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }

  private healthOf(indicator: HealthIndicator): Promise<ComponentHealth> {
    const nowMs = this.clock.now().getTime();
    const known = this.recent.get(indicator.name);
    if (known && nowMs - known.takenAt < CACHE_MS) return known.health;
    const health = look(indicator);
    this.recent.set(indicator.name, { takenAt: nowMs, health });
    return health;
  }
}

const STATUS_OF_RESULT: Readonly<Record<HealthCheckResult['status'], HealthStatus>> = {
  ok: 'healthy',
  degraded: 'degraded',
  error: 'unhealthy',
  shutting_down: 'unhealthy',
};

async function look(indicator: HealthIndicator): Promise<ComponentHealth> {
  const startedAt = performance.now();
  const finding = await withinTime(indicator).catch(
    // The reason may name hosts and users: it belongs in the log of the component, not in a public answer.
    (error: unknown): HealthFinding => ({
      status: 'unhealthy',
      detail: error instanceof TimeoutError ? 'did not answer in time' : 'does not answer',
    }),
  );
  return { ...finding, responseTimeMs: Math.round((performance.now() - startedAt) * 10) / 10 };
}

class TimeoutError extends Error {}

async function withinTime(indicator: HealthIndicator): Promise<HealthFinding> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeoutError()), CHECK_TIMEOUT_MS);
  try {
    return await Promise.race([indicator.check(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function inOrderOf(
  indicators: readonly HealthIndicator[],
  components: Readonly<Record<string, ComponentHealth>>,
): Record<string, ComponentHealth> {
  return Object.fromEntries(indicators.map(({ name }) => [name, components[name] as ComponentHealth]));
}
