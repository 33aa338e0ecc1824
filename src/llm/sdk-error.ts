import { APICallError, NoObjectGeneratedError, NoOutputGeneratedError } from 'ai';
import { ModelError } from './model-error.js';
import type { ModelUsage } from './model-request.js';

/** What the AI SDK threw, as our own error. Bodies, prompts and answers in it are left behind. */
export function toModelError(error: unknown, priced: (tokens: Tokens | undefined) => ModelUsage): ModelError {
  if (error instanceof ModelError) return error;
  if (NoObjectGeneratedError.isInstance(error)) return fromUnusableAnswer(error, priced(error.usage));
  if (NoOutputGeneratedError.isInstance(error))
    return new ModelError('invalid_answer', { hint: 'empty answer' });
  if (APICallError.isInstance(error)) return fromResponse(error);
  // What remains is a fault before or beside the call (a broken response body, a library fault): its text may
  // hold parts of the exchange, its name does not.
  return new ModelError('unavailable', { hint: error instanceof Error ? error.name : 'unknown fault' });
}

interface Tokens {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

function fromUnusableAnswer(error: NoObjectGeneratedError, usage: ModelUsage): ModelError {
  if (error.finishReason === 'content-filter') return new ModelError('refused', { usage });
  const hint = error.finishReason === 'length' ? 'cut off at the output limit' : undefined;
  return new ModelError('invalid_answer', { usage, hint });
}

function fromResponse(error: APICallError): ModelError {
  const { statusCode, responseHeaders } = error;
  if (statusCode === undefined) return new ModelError('unavailable', { hint: 'no connection' });
  const hint = `HTTP ${statusCode}`;
  if (statusCode < 300) return new ModelError('invalid_answer', { hint: `${hint} with an unreadable body` });
  const retryAfterMs = readRetryAfter(responseHeaders);
  if (statusCode === 429) return new ModelError('rate_limited', { hint, retryAfterMs });
  if (statusCode === 408 || statusCode === 504) return new ModelError('timeout', { hint, retryAfterMs });
  if (statusCode === 409 || statusCode >= 500) return new ModelError('unavailable', { hint, retryAfterMs });
  if (isContentRefusal(error.responseBody)) return new ModelError('refused', { hint });
  return new ModelError('configuration', { hint });
}

/** Some providers refuse the content of a request with HTTP 400 and one of these codes. */
function isContentRefusal(body: string | undefined): boolean {
  return body !== undefined && /"(?:content_filter|content_policy_violation)"/.test(body);
}

function readRetryAfter(headers: Record<string, string> | undefined): number | undefined {
  const milliseconds = Number(headers?.['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  const value = headers?.['retry-after'];
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
