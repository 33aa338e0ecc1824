import { describe, expect, it } from 'vitest';
import { box, duration, sideBySide, table, wrap } from './layout.js';

describe('layout', () => {
  it('breaks between words, and within a word only when it fits no line', () => {
    expect(wrap('one two three\n\nfour', 7)).toEqual(['one two', 'three', '', 'four']);
    expect(wrap('abcdefghij xy', 4)).toEqual(['abcd', 'efgh', 'ij', 'xy']);
  });

  it('a box is exactly as wide as asked, whatever is in it', () => {
    const lines = box(
      'a title much longer than the box is wide',
      ['⟦EMAIL_1⟧ wrote 👩‍💻 and é', 'x'.repeat(50)],
      30,
    );

    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
    expect(lines.map((line) => [...segmenter.segment(line)].length)).toEqual(lines.map(() => 30));
  });

  it('blocks of different height stand beside each other', () => {
    expect(sideBySide(['aa', 'a'], ['b', 'b', 'b'])).toEqual(['aa  b', 'a   b', '    b']);
  });

  it('columns of a table are aligned', () => {
    expect(
      table(
        ['what', 'ms'],
        [
          ['a', '5'],
          ['long one', '12'],
        ],
        [1],
      ),
    ).toEqual(['what      ms', '────────  ──', 'a          5', 'long one  12']);
  });

  it.each([
    [4.4, '4 ms'],
    [999, '999 ms'],
    [1_234, '1.2 s'],
    [61_000, '1 min 1 s'],
  ])('%d milliseconds read as %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });
});
