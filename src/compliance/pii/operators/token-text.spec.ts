import { describe, expect, it } from 'vitest';
import { replaceLookalikes, restoreText, tokenIndex, tokensIn, writeToken } from './token-text.js';

const values = new Map([
  ['⟦EMAIL_1⟧', 'jane@example.com'],
  ['⟦GIVEN_NAME_12⟧', 'Jane'],
  ['⟦LITERAL_1⟧', '⟦EMAIL_1⟧'],
]);
const restore = (text: string) => restoreText(text, (token) => values.get(token));

describe('token text', () => {
  it('is written and read the same way', () => {
    const token = writeToken('GIVEN_NAME', 12);
    expect(token).toBe('⟦GIVEN_NAME_12⟧');
    expect(tokenIndex(token)).toBe(12);
    expect(tokensIn(`Hi ${token}, ${token}: ⟦email_1⟧`)).toEqual([token, '⟦EMAIL_1⟧']);
  });

  it.each([
    '⟦email_1⟧',
    '⟦ EMAIL_1 ⟧',
    '⟦EMAIL\\_1⟧',
    '[EMAIL_1]',
    '[[EMAIL_1]]',
    '{{EMAIL_1}}',
    '{{ email_1 }}',
    '【EMAIL_1】',
    '〚EMAIL_1〛',
  ])('%s is restored as a model may have written it, and seen by whoever checks tokens before', (written) => {
    expect(restore(`<${written}>`)).toBe('<jane@example.com>');
    expect(tokensIn(`<${written}>`)).toEqual(['⟦EMAIL_1⟧']);
  });

  it.each(['⟦EMAIL_2⟧', '[STEP_1]', '{{name}}', '[1]', '⟦⟧', '⟦EMAIL_99999999⟧'])(
    '%s stays, for nobody gave it out',
    (written) => {
      expect(restore(written)).toBe(written);
    },
  );

  it('does not read again what it put in', () => {
    expect(restore('⟦LITERAL_1⟧')).toBe('⟦EMAIL_1⟧');
  });

  it('cannot be posed as after look-alikes were replaced', () => {
    const text = '⟦EMAIL_1⟧ [EMAIL_1] {{ Email_1 }} ⟦EMA ⟧ 〚x [[EMAIL_1]] 【EMAIL_1】';
    const replaced = replaceLookalikes(text, () => '*');
    expect(replaced).not.toMatch(/[⟦⟧〚〛]|EMAIL_1/);
    expect(restore(replaced)).toBe(replaced);
  });
});
