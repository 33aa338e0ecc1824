import type { ModelUsage } from './model-request.js';

type ModelErrorKind =
  'timeout' | 'rate_limited' | 'unavailable' | 'invalid_answer' | 'refused' | 'configuration';

interface Kind {
  /** Whether the same request may succeed a moment later. */
  readonly retryable: boolean;
  readonly message: string;
}

const KINDS: Readonly<Record<ModelErrorKind, Kind>> = {
  timeout: { retryable: true, message: 'The model did not answer in time' },
  rate_limited: { retryable: true, message: 'The model provider limits the rate of calls' },
  unavailable: { retryable: true, message: 'The model provider is not available' },
  invalid_answer: { retryable: true, message: 'The model answered, but not in the required form' },
  refused: { retryable: false, message: 'The model refused to answer' },
  configuration: { retryable: false, message: 'The model provider rejects how it is called' },
};

interface ModelErrorOptions {
  /** What is known beyond the kind (`HTTP 503`). Never prompt, answer or key. */
  readonly hint?: string;
  readonly retryAfterMs?: number;
  /** Tokens the failed call has cost all the same. */
  readonly usage?: ModelUsage;
}

/**
 * A model call that failed. Its message is fit for logs and for the public.
 *
 * It has no `cause` on purpose: the errors of model libraries carry the whole request and answer.
 */
export class ModelError extends Error {
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly usage: ModelUsage | undefined;

  constructor(
    readonly kind: ModelErrorKind,
    options: ModelErrorOptions = {},
  ) {
    const { retryable, message } = KINDS[kind];
    super(options.hint === undefined ? message : `${message} (${options.hint})`);
    this.name = 'ModelError';
    this.retryable = retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.usage = options.usage;
  }
}
