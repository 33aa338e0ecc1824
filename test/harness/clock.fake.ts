import type { Clock } from '../../src/kernel/clock.js';

/** A clock that stands still until it is turned: for tests of timeouts and expiry. */
export class FakeClock implements Clock {
  constructor(private instant: Date = new Date('2030-01-01T00:00:00.000Z')) {}

  now(): Date {
    return new Date(this.instant);
  }

  advance(milliseconds: number): void {
    this.instant = new Date(this.instant.getTime() + milliseconds);
  }
}
