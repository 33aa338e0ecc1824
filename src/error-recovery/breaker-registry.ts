import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { Metrics } from '../observability/metrics.js';
import { Breaker, type BreakerSnapshot, type BreakerState } from './breaker.js';

/** That a breaker has changed its state. */
export interface BreakerChange {
  readonly name: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
}

/** All circuit breakers of this process, by name. */
@Injectable()
export class BreakerRegistry implements OnApplicationShutdown {
  private readonly logger = new Logger(BreakerRegistry.name);
  private readonly breakers = new Map<string, Breaker>();
  private readonly states = new Map<string, BreakerState>();
  private readonly listeners: ((change: BreakerChange) => void)[] = [];
  private openings = 0;

  constructor(
    @InjectConfig('errorRecovery') private readonly config: AppConfig['errorRecovery'],
    @Inject(CLOCK) private readonly clock: Clock,
    metrics: Metrics,
  ) {
    metrics.breakerStates(() => this.snapshots());
  }

  /** How often a breaker has opened since the process started. */
  get activations(): number {
    return this.openings;
  }

  /** The breaker of this name, made at first use. Names come from code, never from a request. */
  obtain(name: string): Breaker {
    const existing = this.breakers.get(name);
    if (existing) return existing;
    const breaker = new Breaker(name, this.config, this.clock, (state) => this.noteTransition(name, state));
    this.breakers.set(name, breaker);
    return breaker;
  }

  /** Calls back with every change of a state from now on. */
  onChange(listener: (change: BreakerChange) => void): void {
    this.listeners.push(listener);
  }

  /** What the breaker of this name shows; nothing when there is none. */
  findSnapshot(name: string): BreakerSnapshot | undefined {
    return this.breakers.get(name)?.snapshot();
  }

  /** What every breaker shows, by name. */
  snapshots(): BreakerSnapshot[] {
    return [...this.breakers.values()]
      .map((breaker) => breaker.snapshot())
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  onApplicationShutdown(): void {
    for (const breaker of this.breakers.values()) breaker.shutdown();
  }

  private noteTransition(name: string, state: BreakerState): void {
    const change = { name, from: this.states.get(name) ?? 'closed', to: state };
    this.states.set(name, state);
    for (const listener of this.listeners) listener(change);
    if (state === 'open') {
      this.openings += 1;
      this.logger.warn(
        { event: 'breaker.opened', breaker: name, openMs: this.config.openMs },
        'circuit breaker opened',
      );
      return;
    }
    this.logger.log(
      { event: `breaker.${state.replace('-', '_')}`, breaker: name },
      `circuit breaker ${state}`,
    );
  }
}
