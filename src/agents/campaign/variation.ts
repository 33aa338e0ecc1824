import { createHash } from 'node:crypto';

/** Chooses among variants by a hash: always the same for one recipient and brief, different between recipients. */
export class Variation {
  constructor(private readonly seed: string) {}

  /** One of the variants, or nothing when there are none. `slot` keeps choices independent of each other. */
  pick<T>(slot: string, variants: readonly T[]): T | undefined {
    if (variants.length === 0) return undefined;
    const digest = createHash('sha256').update(`${slot}\u0000${this.seed}`).digest();
    return variants[digest.readUInt32BE(0) % variants.length];
  }
}
