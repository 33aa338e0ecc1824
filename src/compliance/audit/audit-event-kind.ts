import type { RetentionClass } from './retention-class.js';

/**
 * `fact`: something that happened inside the database. `intent`: about to have an effect outside, committed before
 * it. `outcome`: what became of an intent.
 */
export type AuditStage = 'fact' | 'intent' | 'outcome';

/** Members of a leaf that only some types carry. */
export type AuditMember = 'change' | 'model' | 'oversight' | 'decision' | 'links' | 'sealed';

/**
 * What a field of `detail` may hold. `text` is short and written by the product: a name of ours, a code, an expression;
 * never what a person has typed.
 */
export type DetailKind = 'id' | 'hash' | 'text' | 'count' | 'flag' | 'time';

/** What the value of a kind is in TypeScript. */
export interface DetailValues {
  id: string;
  hash: string;
  text: string;
  count: number;
  flag: boolean;
  time: string;
}

/** What is fixed about a type of event. */
export interface AuditEventKind {
  readonly stage: AuditStage;
  /** How long its records are kept. Records of a run are kept as `ai-high-risk` at least, so that a chain goes whole. */
  readonly class: RetentionClass;
  /** One line for the published list. */
  readonly meaning: string;
  /** Members it may carry besides those that every type may. */
  readonly members?: readonly AuditMember[];
  /** The fields of `detail` it may carry; any other is refused. */
  readonly detail?: Readonly<Record<string, DetailKind>>;
}
