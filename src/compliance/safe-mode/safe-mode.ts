/** Whom a switch holds for. */
export type SafeModeScope = 'tenant' | 'instance';

/** Why safe mode is on. */
export interface SafeModeCause {
  /** `unknown`: the switches cannot be read, and what cannot be read is taken for on. */
  readonly source: 'configuration' | 'instance' | 'tenant' | 'flag' | 'unknown';
  readonly reason: string | null;
  readonly since: Date | null;
}

/** What somebody is told of safe mode. */
export interface SafeModeState {
  readonly enabled: boolean;
  /** All that keeps it on; it is off when none is left. */
  readonly causes: readonly SafeModeCause[];
}
