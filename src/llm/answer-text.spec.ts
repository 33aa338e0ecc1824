import { describe, expect, it } from 'vitest';
import { unwrapJson } from './answer-text.js';

describe('unwrapJson', () => {
  it.each([
    ['plain JSON', '{"a": 1}'],
    ['white space around it', '\n  {"a": 1}\n'],
    ['a json fence', '```json\n{"a": 1}\n```'],
    ['a bare fence', '```\n{"a": 1}\n```'],
    ['sentences around a fence', 'Sure!\n```json\n{"a": 1}\n```\nAnything else?'],
    ['sentences around the object', 'Here you are: {"a": 1} – good luck!'],
    ['thoughts with braces before it', '<think>maybe {x}?</think>{"a": 1}'],
  ])('finds the object in %s', (_, text) => {
    expect(JSON.parse(unwrapJson(text))).toEqual({ a: 1 });
  });

  it('leaves a fence inside a value alone', () => {
    const answer = JSON.stringify({ body: 'Run\n```json\n{"a": 1}\n```\nnow' });
    expect(unwrapJson(answer)).toBe(answer);
  });

  it('does not make a whole object out of a truncated one', () => {
    const truncated = '{"a": {"b": 1}, "c": "unfinis';
    expect(unwrapJson(truncated)).toBe(truncated);
  });
});
