/** The one source of the present, so that a test can turn it. */
export interface Clock {
  /** The present instant. */
  now(): Date;
}

/** Nest injection token of the {@link Clock}. */
export const CLOCK = Symbol('CLOCK');

export const systemClock: Clock = { now: () => new Date() };
