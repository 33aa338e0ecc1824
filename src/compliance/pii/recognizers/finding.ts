/** One value found in a text. Offsets are UTF-16 code units, `end` is exclusive. */
export interface Finding {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  /** How sure the recogniser is, from 0 to 1. */
  readonly score: number;
  /** Why the value has its score; only when it was asked for. */
  readonly explanation?: FindingExplanation;
}

/** What made a score. Names no value, so that it may be shown to those who may not see the value. */
export interface FindingExplanation {
  /** The score of the value's form and check digits alone. */
  readonly formScore: number;
  /** The word near the value that raised the score. */
  readonly contextWord?: string;
}
