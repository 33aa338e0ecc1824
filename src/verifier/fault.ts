/** Why something cannot be read at all: nothing is said about whether it is genuine. */
export type UnusableReason =
  | 'file_unreadable'
  | 'not_an_export'
  | 'format_unknown'
  | 'no_events'
  | 'key_unusable'
  | 'state_unusable'
  | 'anchor_unusable'
  | 'not_comparable'
  | 'verifier_failed';

/** What was found to be other than it was recorded, or cannot have been recorded so. */
export type TamperReason =
  | 'line_malformed'
  | 'line_misplaced'
  | 'trailer_missing'
  | 'trailer_differs'
  | 'checkpoint_malformed'
  | 'checkpoint_differs'
  | 'foreign_key'
  | 'signature_forged'
  | 'witnesses_missing'
  | 'events_missing'
  | 'leaf_gone'
  | 'index_out_of_order'
  | 'leaf_malformed'
  | 'leaf_hash_differs'
  | 'foreign_log'
  | 'proof_fails'
  | 'root_differs'
  | 'node_malformed'
  | 'chain_broken'
  | 'chain_cut'
  | 'projection_differs'
  | 'filter_differs'
  | 'disclosure_differs'
  | 'document_differs'
  | 'document_not_recorded'
  | 'history_rewritten'
  | 'rolled_back'
  | 'split_view';

/** Where in the file and in the log a fault stands, as far as that is known. */
export interface Place {
  /** Line of the file, from 1. */
  readonly line?: number;
  /** Index in the log, from 0. */
  readonly index?: number;
  readonly eventId?: string;
  readonly runId?: string;
}

/** Ends a verification: this is the first thing that does not hold. */
export class Fault extends Error {
  constructor(
    readonly reason: UnusableReason | TamperReason,
    message: string,
    readonly place: Place = {},
  ) {
    super(message);
  }
}

/** Adds to a fault that is thrown meanwhile where it stands. */
export function placed<T>(place: Place, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.reason, error.message, { ...place, ...error.place });
  }
}

const UNUSABLE: ReadonlySet<string> = new Set<UnusableReason>([
  'file_unreadable',
  'not_an_export',
  'format_unknown',
  'no_events',
  'key_unusable',
  'state_unusable',
  'anchor_unusable',
  'not_comparable',
  'verifier_failed',
]);

/** Whether a reason says that there is nothing to judge, and not that something was changed. */
export function isUnusable(reason: UnusableReason | TamperReason): reason is UnusableReason {
  return UNUSABLE.has(reason);
}
