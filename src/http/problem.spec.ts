import { describe, expect, it } from 'vitest';
import { AppError } from '../kernel/app-error.js';
import { problemOf } from './problem.js';

const problemAt = (url: string) => problemOf(new AppError('NOT_FOUND'), { url, id: 'request-1' });

describe('a problem document', () => {
  it.each([
    '/v1/workflows/01a1fc0e-64df-74a4-a703-3f7fe916c128/history',
    '/v1/workflow-definitions/email-campaign',
    '/',
  ])('names the path of the request: %s', (url) => {
    expect(problemAt(`${url}?limit=5`).instance).toBe(url);
  });

  it.each([
    ['/v1/people/ada@example.com/x', '/v1/people/%5BEMAIL%5D/x'],
    ['/v1/people/ada%40example.com', '/v1/people/%5BEMAIL%5D'],
    ['/v1/people/Ada%20Example', '/v1/people/%5BTEXT%5D'],
    ['/v1/%zz/ada@example.com', '/v1/%5BTEXT%5D/%5BEMAIL%5D'],
  ])('masks what it may hold of a person: %s', (url, instance) => {
    expect(problemAt(url).instance).toBe(instance);
  });

  it('says no address back', () => {
    const error = new AppError('VALIDATION_FAILED', {
      detail: 'no ada@example.com',
      errors: [{ path: 'ada@example.com', message: 'ada@example.com is not known' }],
    });
    expect(JSON.stringify(problemOf(error, { url: '/', id: 'request-1' }))).not.toContain('ada@');
  });
});
