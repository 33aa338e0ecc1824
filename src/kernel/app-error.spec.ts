import { describe, expect, it } from 'vitest';
import { AppError } from './app-error.js';
import { ERROR_CATALOGUE } from './error-catalogue.js';

describe('an error of the product', () => {
  it('takes status and title from the catalogue', () => {
    expect(new AppError('SESSION_NOT_FOUND')).toMatchObject({
      name: 'AppError',
      code: 'SESSION_NOT_FOUND',
      status: 404,
      title: 'There is no such session',
      message: 'There is no such session',
      detail: undefined,
      members: {},
      headers: {},
    });
  });

  it('carries what may be said in public, and keeps its cause to itself', () => {
    const cause = new Error('private');
    const error = new AppError('RATE_LIMITED', {
      detail: 'Try again in 3 s.',
      members: { limit: 100 },
      headers: { 'retry-after': '3' },
      cause,
    });
    expect(error).toMatchObject({ message: 'Try again in 3 s.', members: { limit: 100 }, cause });
    expect(JSON.stringify(error)).not.toContain('private');
  });
});

describe('the catalogue', () => {
  it.each(Object.entries(ERROR_CATALOGUE))('%s is a stable name with an error status', (code, entry) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.title).toMatch(/^[A-Z].*[^.]$/);
  });
});
