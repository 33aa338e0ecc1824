import type { Manifest } from './manifest.js';

/** One rule of this house over the objects of a render. */
export interface HouseRule {
  /** What holds when the rule finds nothing. */
  readonly name: string;
  /** Findings, each beginning with `Kind/name: `; none when all is well. */
  readonly check: (manifests: readonly Manifest[]) => string[];
}

/** Picks the messages of the faults that are there. */
export function faults(owner: string, found: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(found)
    .filter(([, isFault]) => isFault)
    .map(([message]) => `${owner}: ${message}`);
}
