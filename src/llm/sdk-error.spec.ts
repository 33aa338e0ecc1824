import { APICallError } from 'ai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_USAGE } from './model-usage.js';
import { toModelError } from './sdk-error.js';

function failed(
  statusCode: number | undefined,
  headers: Record<string, string> = {},
  body = '',
): APICallError {
  return new APICallError({
    message: 'secret text',
    url: 'https://models.example.com',
    requestBodyValues: { prompt: 'secret text' },
    statusCode,
    responseHeaders: headers,
    responseBody: body,
  });
}

const mapped = (error: unknown): object => toModelError(error, () => NO_USAGE);

describe('toModelError', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2030-01-01T00:00:00.000Z') });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    [undefined, 'unavailable', true],
    [200, 'invalid_answer', true],
    [400, 'configuration', false],
    [401, 'configuration', false],
    [404, 'configuration', false],
    [408, 'timeout', true],
    [409, 'unavailable', true],
    [429, 'rate_limited', true],
    [500, 'unavailable', true],
    [504, 'timeout', true],
    [529, 'unavailable', true],
  ])('maps HTTP %s to %s', (status, kind, retryable) => {
    expect(mapped(failed(status))).toMatchObject({ kind, retryable });
  });

  it.each([
    ['seconds', { 'retry-after': '3' }, 3_000],
    ['milliseconds, which win', { 'retry-after': '3', 'retry-after-ms': '1500' }, 1_500],
    ['a date', { 'retry-after': 'Tue, 01 Jan 2030 00:00:05 GMT' }, 5_000],
    ['a date that has passed', { 'retry-after': 'Tue, 01 Jan 2019 00:00:00 GMT' }, 0],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['nothing', {}, undefined],
  ])('reads Retry-After as %s', (_, headers: Record<string, string>, retryAfterMs) => {
    expect(mapped(failed(429, headers))).toMatchObject({ retryAfterMs });
  });

  it('knows a refusal that comes as HTTP 400', () => {
    const body = '{"error": {"code": "content_filter", "message": "…"}}';
    expect(mapped(failed(400, {}, body))).toMatchObject({ kind: 'refused', retryable: false });
  });

  it('tells the name of an unknown fault, never its text', () => {
    const error = mapped(new TypeError('secret text'));
    expect(error).toMatchObject({
      kind: 'unavailable',
      message: expect.not.stringContaining('secret text') as string,
    });
    expect(error).toMatchObject({ message: expect.stringContaining('TypeError') as string });
  });
});
