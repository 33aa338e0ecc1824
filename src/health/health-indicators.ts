import { Injectable } from '@nestjs/common';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** What one look at a component found. `detail` is shown in public: no secrets, no addresses of hosts. */
export interface HealthFinding {
  readonly status: HealthStatus;
  readonly detail?: string;
}

/** One component that can be looked at. */
export interface HealthIndicator {
  /** As it stands in the answer: `database`, `queue`. */
  readonly name: string;
  /** Whether this instance can serve nobody without it. */
  readonly critical: boolean;
  /** Looks; a throw means unhealthy. Called at most every two seconds, and given up on after one. */
  check(): Promise<HealthFinding>;
}

/** Every component that reports its health. Rooms register their own in `onModuleInit`. */
@Injectable()
export class HealthIndicators {
  private readonly byName = new Map<string, HealthIndicator>();

  register(indicator: HealthIndicator): void {
    if (this.byName.has(indicator.name))
      throw new TypeError(`health indicator ${indicator.name} exists already`);
    this.byName.set(indicator.name, indicator);
  }

  all(): readonly HealthIndicator[] {
    return [...this.byName.values()];
  }
}
