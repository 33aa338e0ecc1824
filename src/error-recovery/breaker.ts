import CircuitBreaker from 'opossum';
import type { Clock } from '../kernel/clock.js';
import { OutcomeWindow } from './outcome-window.js';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** What a breaker shows of itself. Rates are shares from 0 to 1 over the sliding window. */
export interface BreakerSnapshot {
  readonly name: string;
  readonly state: BreakerState;
  readonly failureCount: number;
  readonly failureRate: number;
  readonly slowCallRate: number;
  /** ISO 8601, or null when no call has failed since the process started. */
  readonly lastFailureAt: string | null;
  /** ISO 8601: when an open breaker lets the next call try; null unless open. */
  readonly opensUntil: string | null;
}

interface BreakerOptions {
  readonly failureThreshold: number;
  readonly failureRatePercent: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly slowCallMs: number;
}

/** The breaker did not let the call through; nothing was called. */
export class BreakerOpenError extends Error {
  constructor(breaker: string) {
    super(`The circuit breaker ${breaker} is open`);
    this.name = 'BreakerOpenError';
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };
type Circuit = CircuitBreaker<[attempt: () => Promise<void>], void>;

/**
 * One circuit breaker: opossum decides, this class keeps it honest.
 *
 * opossum hears of a call's end only when the call belongs to the present generation. A call begun before the
 * breaker opened would otherwise close a half-open breaker, or open a recovered one, with news of the past.
 */
export class Breaker {
  private readonly outcomes: OutcomeWindow;
  private circuit: Circuit;
  /** Goes up each time the breaker opens. */
  private generation = 0;
  private lastFailureAt: Date | null = null;
  private opensUntil: Date | null = null;

  constructor(
    readonly name: string,
    private readonly options: BreakerOptions,
    private readonly clock: Clock,
    private readonly onTransition: (state: BreakerState) => void,
  ) {
    this.outcomes = new OutcomeWindow(options.windowMs, () => clock.now().getTime());
    this.circuit = this.createCircuit('closed');
  }

  get state(): BreakerState {
    if (this.circuit.opened) return 'open';
    return this.circuit.halfOpen ? 'half-open' : 'closed';
  }

  /**
   * Makes the call if the breaker lets it through, else throws {@link BreakerOpenError}.
   *
   * @param isNeutral whether a failed call says nothing about the other side (the caller gave up)
   */
  async run<T>(call: () => Promise<T>, isNeutral: (error: unknown) => boolean = () => false): Promise<T> {
    const { circuit, generation } = this;
    const isProbe = circuit.halfOpen;
    const uncounted = Promise.withResolvers<void>();
    let outcome: Outcome<T> | undefined;
    const passage = circuit.fire(async () => {
      const startedAt = performance.now();
      outcome = await settle(call);
      const neutral = !outcome.ok && isNeutral(outcome.error);
      if (neutral || generation !== this.generation) {
        uncounted.resolve();
        // Never settles, so opossum never hears of it; nothing holds it, so it is collected.
        await new Promise<never>(() => {});
      }
      this.record(outcome, performance.now() - startedAt);
      if (!outcome.ok) throw outcome.error;
    });
    // A rejected passage is either the call's own error, kept in `outcome`, or opossum's refusal.
    await Promise.race([passage.catch(() => {}), uncounted.promise]);
    if (outcome === undefined) throw new BreakerOpenError(this.name);
    if (outcome.ok) return outcome.value;
    if (isProbe && generation === this.generation && isNeutral(outcome.error)) this.giveProbeBack();
    throw outcome.error;
  }

  snapshot(): BreakerSnapshot {
    const { calls, failures, slow } = this.outcomes.totals();
    return {
      name: this.name,
      state: this.state,
      failureCount: failures,
      failureRate: share(failures, calls),
      slowCallRate: share(slow, calls),
      lastFailureAt: this.lastFailureAt?.toISOString() ?? null,
      opensUntil: this.state === 'open' ? (this.opensUntil?.toISOString() ?? null) : null,
    };
  }

  /** Ends opossum's timers; the breaker lets nothing through afterwards. */
  shutdown(): void {
    this.circuit.shutdown();
  }

  private record(outcome: Outcome<unknown>, durationMs: number): void {
    this.outcomes.record({ failed: !outcome.ok, slow: durationMs >= this.options.slowCallMs });
    if (!outcome.ok) this.lastFailureAt = this.clock.now();
  }

  /**
   * A probe that ended without news leaves opossum half-open with its only probe spent: it would refuse for ever.
   * opossum cannot take a probe back, a new circuit in the half-open state can begin with one.
   */
  private giveProbeBack(): void {
    this.replaceCircuit('half-open');
  }

  private replaceCircuit(state: 'closed' | 'half-open'): void {
    const previous = this.circuit;
    this.circuit = this.createCircuit(state);
    previous.shutdown();
  }

  private createCircuit(state: 'closed' | 'half-open'): Circuit {
    const options: CircuitBreaker.Options & { state: { closed: boolean; halfOpen: boolean } } = {
      name: this.name,
      // opossum's own timeout would abort every call in flight; each call brings its deadline instead.
      timeout: false,
      volumeThreshold: this.options.failureThreshold,
      errorThresholdPercentage: this.options.failureRatePercent,
      rollingCountTimeout: this.options.windowMs,
      rollingCountBuckets: 10,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      resetTimeout: this.options.openMs,
      state: { closed: state === 'closed', halfOpen: state === 'half-open' },
    };
    const circuit: Circuit = new CircuitBreaker((attempt: () => Promise<void>) => attempt(), options);
    circuit.on('open', () => this.opened());
    circuit.on('halfOpen', () => this.onTransition('half-open'));
    circuit.on('close', () => this.closed());
    return circuit;
  }

  private opened(): void {
    this.generation += 1;
    this.opensUntil = new Date(this.clock.now().getTime() + this.options.openMs);
    this.onTransition('open');
  }

  private closed(): void {
    // A recovered breaker starts with empty windows: the failures that opened it must not open it again.
    this.outcomes.clear();
    this.replaceCircuit('closed');
    this.onTransition('closed');
  }
}

async function settle<T>(call: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    return { ok: false, error };
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
