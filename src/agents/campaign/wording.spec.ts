import { describe, expect, it } from 'vitest';
import { lowerFirst, mentions, sentence, sentencesOf, wordCount } from './wording.js';

describe('wording', () => {
  it.each([
    ['free returns', 'Free returns.'],
    ['Ready?', 'Ready?'],
    ['  two\n lines, ', 'Two lines.'],
  ])('makes a sentence of %j', (text, expected) => {
    expect(sentence(text)).toBe(expected);
  });

  it('splits sentences, not numbers, dates or initials', () => {
    expect(sentencesOf('Save 2.5 kg of CO2. It starts on 3. May with J. Doe. Join us!\nNow')).toEqual([
      'Save 2.5 kg of CO2.',
      'It starts on 3. May with J. Doe.',
      'Join us!',
      'Now',
    ]);
  });

  it.each([
    ['Your plan', 'your plan'],
    ['A first look', 'a first look'],
    ['AI for you', 'AI for you'],
    ['⟦PERSON_1⟧ asks', '⟦PERSON_1⟧ asks'],
  ])('goes on in small letters after %j', (text, expected) => {
    expect(lowerFirst(text)).toBe(expected);
  });

  it('finds a word as a word, in the singular and the plural', () => {
    expect(mentions('Our discounts are back', 'discount')).toBe(true);
    expect(mentions('One Discount!', 'discounts')).toBe(true);
    expect(mentions('We discounted nothing', 'discount')).toBe(false);
    expect(mentions('Costs (all) are fixed', 'c++ (all)')).toBe(false);
  });

  it('counts words', () => {
    expect(wordCount(' one two\n\nthree ')).toBe(3);
  });
});
