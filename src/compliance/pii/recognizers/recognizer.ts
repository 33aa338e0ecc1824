import type { Finding } from './finding.js';

/**
 * Knows one kind of personal value. A recogniser proposes what passed its own validation, with the score the
 * value earns by its form alone; the detector adds what the words around it are worth and applies the threshold.
 *
 * `find` must take time linear in the text whatever stands in it: find candidates by one cheap pass, verify each
 * in bounded steps, use bounded quantifiers only.
 */
export interface Recognizer {
  readonly entity: string;
  /** All entities it finds, when there are several. It then scores the words around a value itself. */
  readonly entities?: ReadonlySet<string>;
  /** Findings below this score are dropped unless the caller asks for another threshold. */
  readonly threshold: number;
  /** Words near a value that make it likelier. Matched against lower-case text. */
  readonly context?: ContextRule;
  /** Whether the value is made of digits, so that identifiers such as UUIDs can look like one. */
  readonly digits?: boolean;
  find(text: string): Finding[];
}

interface ContextRule {
  readonly words: RegExp;
  /** Added to the score when one of the words is near. */
  readonly boost: number;
}
