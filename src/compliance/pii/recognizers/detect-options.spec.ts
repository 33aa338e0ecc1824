import { describe, expect, it } from 'vitest';
import { type DetectOptions, detect } from './detector.js';
import type { Recognizer } from './recognizer.js';

function found(text: string, options: DetectOptions): string[] {
  return detect(text, options).map(({ entity, start, end }) => `${entity}:${text.slice(start, end)}`);
}

const badge: Recognizer = {
  entity: 'BADGE',
  threshold: 0.5,
  find: (text) =>
    Array.from(text.matchAll(/BDG\d{4}/g), ({ index, 0: value }) => ({
      entity: 'BADGE',
      start: index,
      end: index + value.length,
      score: 0.9,
    })),
};

describe('options of a detection', () => {
  it('leave an allowed value alone, however it is written', () => {
    const options = { allow: ['+14155552671', 'Info@Example.com'] };
    expect(found('+1 415 555 2671, info@example.com, jane@example.com', options)).toEqual([
      'EMAIL:jane@example.com',
    ]);
  });

  it('report a denied value as the entity it is listed under, as a whole word', () => {
    const options = { deny: { PROJECT: ['Blue Heron', 'İzmir'] } };
    expect(found('BLUE HERON, Blue Herons, İzmir', options)).toEqual(['PROJECT:BLUE HERON', 'PROJECT:İzmir']);
  });

  it('run further recognisers beside the built-in ones', () => {
    expect(found('BDG1234 of jane@example.com', { custom: [badge] })).toEqual([
      'BADGE:BDG1234',
      'EMAIL:jane@example.com',
    ]);
  });

  it('raise a threshold for one entity alone', () => {
    const text = 'jane@example.com, card 4111111111111111';
    expect(found(text, { thresholds: { EMAIL: 0.99 } })).toEqual(['CREDIT_CARD:4111111111111111']);
  });

  it('read the key as a word before the text', () => {
    expect(found('536221234', { key: 'ssn' })).toEqual(['US_SSN:536221234']);
    expect(found('536221234', { key: 'order' })).toEqual([]);
  });

  it('tell what made a score, without the value', () => {
    const [finding] = detect('my ssn 536221234', { explain: true });
    expect(finding?.explanation).toEqual({ formScore: 0.1, contextWord: 'ssn' });
    expect(detect('jane@example.com', { explain: true })[0]?.explanation).toEqual({ formScore: 0.95 });
  });
});
