import { describe, expect, it } from 'vitest';
import { reportFormatOf } from './report-format.js';

describe('the form of a report', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['text/html', 'html'],
    ['application/pdf', 'pdf'],
    ['APPLICATION/PDF', 'pdf'],
    ['text/*', 'html'],
    ['application/*', 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
    ['application/json;q=0.2, application/pdf;q=0.9', 'pdf'],
    ['application/json;q=0, */*', 'html'],
    ['image/png, application/pdf;q=0.1', 'pdf'],
  ])('for Accept %s is %s', (accept, format) => {
    expect(reportFormatOf(accept)).toBe(format);
  });

  it.each(['image/png', 'application/xml', 'text/html;q=0', 'application/json;q=2', '*/*;q=0', ';'])(
    'is refused for Accept %s',
    (accept) => {
      expect(() => reportFormatOf(accept)).toThrow(expect.objectContaining({ code: 'NOT_ACCEPTABLE' }));
    },
  );
});
