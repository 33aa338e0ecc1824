import type { SafeModeCause } from '../../../compliance/safe-mode/safe-mode.js';
import type { Classification } from '../../../compliance/state/classification.js';

/** What held while a run was done: what its data was, what kept it back, and the versions it was done by. */
export interface RunConditions {
  /** How sensitive its data is; it may have risen and has never fallen. */
  readonly classification: Classification;
  readonly safeMode: RunSafeMode;
  /** Legal holds that keep the run from being removed, or did. */
  readonly holds: readonly HoldOnRun[];
  readonly recovery: RunRecovery;
  /** Values behind its tokens that people were shown, or asked for in vain; oldest first. */
  readonly reveals: readonly Reveal[];
  readonly versions: RunVersions;
}

export interface RunSafeMode {
  /** What holds for the tenant as the report is made. */
  readonly now: { readonly enabled: boolean; readonly causes: readonly SafeModeCause['source'][] };
  /** The word of the tenant's trail that held when the run was started; null when the trail has none. */
  readonly atStart: SafeModeWord | null;
  /** What was changed while the run was under way. */
  readonly changes: readonly SafeModeWord[];
  /** Steps that the simulation answered because of it. */
  readonly simulatedSteps: number;
  /** Events by which its messages waited for the end of it. */
  readonly deliveriesHeld: readonly string[];
}

/** A change of the switch that the tenant's trail tells of. */
export interface SafeModeWord {
  readonly eventId: string;
  readonly occurredAt: string;
  readonly scope: string;
  readonly to: string;
}

export interface Reveal {
  readonly eventId: string;
  readonly occurredAt: string;
  /** Id of whoever asked. */
  readonly actor: string;
  readonly purpose: string;
  /** How many tokens were asked for, and how many values shown. */
  readonly asked: number;
  readonly revealed: number;
}

export interface HoldOnRun {
  readonly id: string;
  readonly scope: string;
  readonly setAt: string;
  /** Null while it stands. */
  readonly liftedAt: string | null;
  /** The events that tell of it, oldest first. */
  readonly events: readonly string[];
}

/** Faults of models and what was done about them, of all steps. */
export interface RunRecovery {
  readonly degraded: boolean;
  /** Attempts that were followed by another. */
  readonly retried: number;
  /** Steps that a fallback answered. */
  readonly fallbacks: number;
  /** Steps that an open breaker kept from the model. */
  readonly breakerOpen: number;
  /** Events of steps in which any of it happened. */
  readonly events: readonly string[];
}

export interface RunVersions {
  readonly definition: {
    readonly name: string;
    readonly version: number;
    /** SHA-256, hexadecimal; null where it is not stored. */
    readonly digest: string | null;
  };
  readonly policy: {
    /** The version of the tenant's policies that the run was started under; 0 = the built-in ones alone. */
    readonly pinned: number;
    readonly activation: number;
    /** What decided, as the records have it: the tenant's version and a digest of what is built in. */
    readonly decided: readonly {
      readonly version: string;
      readonly engine: string;
      readonly decisions: number;
      /** The first event that names it. */
      readonly eventId: string;
    }[];
  };
  /** What answered, as the records have it. */
  readonly models: readonly ModelVersion[];
}

export interface ModelVersion {
  readonly agent: string;
  readonly provider: string;
  readonly model: string;
  readonly modelVersion: string | null;
  /** Version of the prompt; null where the record names none. */
  readonly promptVersion: string | null;
  /** Events of steps that say so. */
  readonly steps: number;
  /** The first of them. */
  readonly eventId: string;
}
