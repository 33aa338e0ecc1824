/**
 * One way a kind of identifier is written. Adding an identifier is adding a line to the file of its country.
 */
export interface IdentifierFormat {
  readonly entity: string;
  /**
   * Groups of characters: `9` a digit, `A` a letter, `X` either; `-` a single separator between two groups.
   * `999-99-9999` is three groups, `999999999` one.
   */
  readonly shapes: readonly string[];
  /** Which characters may separate groups; a blank, a dash or a dot when absent. */
  readonly separators?: string;
  /**
   * Whether the letters and digits, in capitals and without separators, can be such an identifier. `undefined`
   * when its rules say neither yes nor no.
   */
  readonly check?: (value: string) => boolean | undefined;
  /** The score of a value whose check says nothing, or that has no check. */
  readonly base: number;
  /** The score of a value whose check says yes; `base` when absent. */
  readonly checked?: number;
  /** Words that name the identifier, as {@link wordPattern} takes them. */
  readonly words: readonly string[];
}

/** What a word near the value adds to its score. */
export const CONTEXT_BOOST = 0.6;
export const IDENTIFIER_THRESHOLD = 0.5;
