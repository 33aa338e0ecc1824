/** Bucket bounds in seconds: every alert threshold is one, and a finite one stands above it. */
export const HTTP_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120,
];

/** Model calls: doubling from 10 ms. */
export const MODEL_BUCKETS = Array.from({ length: 15 }, (_none, index) => 0.01 * 2 ** index);

/** From an event to its place in the log: a quarter of a second is good, a minute stops everything. */
export const SEAL_LAG_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Phases of a run: from a few milliseconds of simulation to an hour of fan-out. */
export const PHASE_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

export const BREAKER_STATES = [
  'closed',
  'open',
  'half-open',
  'forced-open',
  'forced-closed',
  'disabled',
] as const;

export const END_STATUSES = ['COMPLETED', 'REJECTED', 'CANCELLED', 'FAILED'] as const;

/** `retrying`: failed and to be tried again; `failed`: failed for good. */
export const WEBHOOK_OUTCOMES = ['succeeded', 'retrying', 'failed'] as const;
