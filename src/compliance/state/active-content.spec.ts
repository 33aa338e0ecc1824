import { describe, expect, it } from 'vitest';
import { isUnsafe } from './active-content.js';

describe('isUnsafe', () => {
  it.each([
    ['a script', 'Hello <script>alert(1)</script>'],
    ['a broken tag', 'Hello <img src=x onerror=alert(1)//'],
    ['a handler on any element', '<b onclick = "x()">bold</b>'],
    ['a frame in capitals and blanks', '< IFRAME src="https://example.com">'],
    ['an address that runs', 'Click javascript:alert(1)'],
    ['an address that is a document', 'data: text/html;base64,PHNjcmlwdD4='],
    ['a comment that hides', 'a <!-- hidden --> b'],
    ['a control character', 'Bell \u0007'],
    ['an escape sequence', 'Red \u001b[31m'],
    ['a reversed text', 'invoice \u202efdp.exe'],
    ['an isolate', '\u2066hidden\u2069'],
  ])('tells %s', (_what, text) => {
    expect(isUnsafe(text, 'body')).toBe(true);
  });

  it.each([
    ['a line break in a header', 'Hello\r\nBcc: someone@example.com'],
    ['a line break of another kind', 'Hello\u2028Bcc: someone@example.com'],
  ])('tells %s, which a body may have or not', (_what, text) => {
    expect(isUnsafe(text, 'line')).toBe(true);
  });

  it.each([
    ['a letter with paragraphs', 'Dear ⟦PERSON_1⟧,\n\nprices stay as they are.\r\n\tKind regards'],
    ['comparisons and arrows', 'If 3 < 5 and 7 > 2, then <- and -> and <3'],
    ['an address in brackets', 'More: <https://example.com/a?b=c>'],
    ['prose about a language', 'We teach JavaScript: the language of the web.'],
    ['letters of other writing systems', 'שלום, 世界, مرحبا, café, 👩‍👩‍👧'],
    ['a soft hyphen and a joiner', 'Donau\u00addampf\u200dschiff'],
  ])('lets %s pass', (_what, text) => {
    expect(isUnsafe(text, 'body')).toBe(false);
  });

  it('takes no longer for a text that is made to be slow', () => {
    const text = `<a ${'x'.repeat(50_000)} ${'<'.repeat(50_000)}`;
    const startedAt = performance.now();
    isUnsafe(text, 'body');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
