import { describe, expect, it } from 'vitest';
import { readRules } from './writing-rules.js';

describe('readRules', () => {
  it.each([
    ['max 120 words', 120],
    ['Maximum of 120 words per e-mail.', 120],
    ['No more than 120 words', 120],
    ['Keep it under 120 words', 119],
    ['not longer than 120 words', 120],
  ])('reads the limit in "%s"', (statement, maxWords) => {
    expect(readRules([statement])).toMatchObject({ maxWords, avoid: [], include: [] });
  });

  it('keeps the stricter of two limits', () => {
    expect(readRules(['max 120 words', 'max 80 words', 'max 200 words']).maxWords).toBe(80);
  });

  it.each([
    ['no discounts', ['discounts']],
    ['Do not mention competitors', ['competitors']],
    ['Never use the words "cheap" or "free"', ['cheap', 'free']],
    ['Avoid jargon, hype and superlatives', ['jargon', 'hype', 'superlatives']],
    ['Don’t promise delivery dates', ['delivery dates']],
    ['please remove the sentence about free returns', ['free returns']],
  ])('reads what to avoid in "%s"', (statement, avoidTerms) => {
    expect(readRules([statement]).avoidTerms).toEqual(avoidTerms);
  });

  it('keeps an avoidance that no word test can hold, without testing it', () => {
    const rules = readRules(['Do not write as if the recipient had complained about us before']);
    expect(rules.avoid).toHaveLength(1);
    expect(rules.avoidTerms).toEqual([]);
  });

  it('knows exclamation marks, emojis and links', () => {
    expect(readRules(['no exclamation marks', 'no emojis', 'without links'])).toMatchObject({
      noExclamation: true,
      noEmoji: true,
      noLinks: true,
      avoidTerms: [],
    });
  });

  it.each([
    ['Mention the free onboarding', ['the free onboarding']],
    ['Every offer needs a date. Say that support is included.', ['support is included']],
    ['The e-mails must mention our new address', ['our new address']],
    ['Registration closes on 10 May.', ['Registration closes on 10 May']],
    ['https://example.com/renew must be linked', ['https://example.com/renew must be linked']],
  ])('reads what to say in "%s"', (statement, include) => {
    expect(readRules([statement]).include).toEqual(include);
  });

  it('reads several wishes from one comment', () => {
    const rules = readRules([
      'Make it shorter and more formal, mention the warranty and remove the discount.',
    ]);
    expect(rules).toMatchObject({
      short: true,
      voice: 'formal',
      include: ['the warranty'],
      avoidTerms: ['discount'],
    });
  });

  it.each([
    ['too casual', 'formal'],
    ['not too formal please', 'friendly'],
    ['warmer', 'friendly'],
    ['more enthusiastic', 'lively'],
  ])('hears the voice in "%s"', (statement, voice) => {
    expect(readRules([statement]).voice).toBe(voice);
  });

  it('hears no voice in a wish for length', () => {
    expect(readRules(['Keep it short'])).toMatchObject({ short: true, voice: undefined });
  });

  it('takes a dictated subject', () => {
    expect(readRules(['Subject line should be “Welcome back”']).subject).toBe('Welcome back');
  });

  it('lets what is said later win', () => {
    expect(readRules(['mention the free returns', 'remove the free returns']).include).toEqual([]);
    expect(readRules(['no discounts', 'mention the spring discount'])).toMatchObject({
      include: ['the spring discount'],
      avoidTerms: [],
    });
  });

  it('makes nothing of what it does not understand', () => {
    expect(readRules(['', 'Use British English.', 'Be honest'])).toMatchObject({
      maxWords: undefined,
      include: [],
      avoid: [],
    });
  });
});
