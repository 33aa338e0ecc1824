import type { z } from 'zod';

/**
 * One worker backed by a language model: what it takes, what it gives, how the model is told, and how the same work
 * is done without a model. An agent is a plain value in a file of its own; `agent-registry.ts` lists them all.
 */
export interface Agent<Input, Output> {
  /** Stable name; also the name of its circuit breaker. */
  readonly name: string;
  /** One sentence for people. */
  readonly description: string;
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
  /** Time limit of one attempt; absent = the configured one. */
  readonly timeoutMs?: number;
  /** What the model is and must do. */
  system(input: Input): string;
  /** The task with its data. */
  prompt(input: Input): string;
  /** The same work done deterministically: the simulation provider's answer and the fallback of every other. */
  simulate(input: Input): Output;
  /**
   * What must hold of its texts as long as they are kept, whatever was done to them since they were checked.
   *
   * @param shared the input without what differs from item to item.
   * @returns a function that gives the faults of one text.
   */
  draftReviewer?(shared: unknown): (draft: unknown) => readonly DraftFault[];
  /** Faults of an answer beyond its schema, in words that repeat nothing of the answer. */
  check?(input: Input, output: Output): string[];
}

/** A place left to be filled in, or something that the brief rules out. */
export type DraftFault = 'placeholder' | 'constraint';

/** An agent whose types are known to its schemas only: what the registry and the runner handle. */
export type AnyAgent = Agent<unknown, unknown>;
