/** One value found in a text. Offsets are UTF-16 code units, `end` is exclusive. */
export interface Finding {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  /** How sure the recogniser is, from 0 to 1. */
  readonly score: number;
}
