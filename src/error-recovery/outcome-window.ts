const BUCKETS = 10;

/** How the calls of the window ended. */
interface OutcomeTotals {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

interface Bucket {
  readonly index: number;
  calls: number;
  failures: number;
  slow: number;
}

/** Counts call outcomes over a sliding time window, in ten buckets: constant memory at any load. */
export class OutcomeWindow {
  private readonly bucketMs: number;
  private buckets: Bucket[] = [];

  constructor(
    windowMs: number,
    private readonly now: () => number,
  ) {
    this.bucketMs = Math.max(1, Math.ceil(windowMs / BUCKETS));
  }

  record(outcome: { readonly failed: boolean; readonly slow: boolean }): void {
    const bucket = this.currentBucket();
    bucket.calls += 1;
    if (outcome.failed) bucket.failures += 1;
    if (outcome.slow) bucket.slow += 1;
  }

  totals(): OutcomeTotals {
    this.dropExpired();
    return this.buckets.reduce<OutcomeTotals>(
      (sum, bucket) => ({
        calls: sum.calls + bucket.calls,
        failures: sum.failures + bucket.failures,
        slow: sum.slow + bucket.slow,
      }),
      { calls: 0, failures: 0, slow: 0 },
    );
  }

  clear(): void {
    this.buckets = [];
  }

  private currentBucket(): Bucket {
    this.dropExpired();
    const index = this.currentIndex();
    const last = this.buckets.at(-1);
    if (last?.index === index) return last;
    const bucket: Bucket = { index, calls: 0, failures: 0, slow: 0 };
    this.buckets.push(bucket);
    return bucket;
  }

  private dropExpired(): void {
    const oldest = this.currentIndex() - BUCKETS + 1;
    // A clock that was set back leaves buckets of the future; they are dropped too.
    this.buckets = this.buckets.filter(({ index }) => index >= oldest && index < oldest + BUCKETS);
  }

  private currentIndex(): number {
    return Math.floor(this.now() / this.bucketMs);
  }
}
