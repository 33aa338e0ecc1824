import { describe, expect, it } from 'vitest';
import { detect } from '../recognizers/detector.js';
import { hashOperator } from './hash.operator.js';
import { maskOperator } from './mask.operator.js';
import { replaceOperator } from './replace.operator.js';
import { tokenizeOperator } from './tokenize.operator.js';

const text = 'Mail jane@example.com, pay 4111 1111 1111 1111, call +1 415 555 2671 or 203.0.113.7.';
const findings = detect(text);

describe('operators', () => {
  it('replace with the kind of value', () => {
    expect(replaceOperator(text, findings).text).toBe(
      'Mail <EMAIL>, pay <CREDIT_CARD>, call <PHONE> or <IP_ADDRESS>.',
    );
  });

  it('mask all but a hint', () => {
    expect(maskOperator(text, findings).text).toBe('Mail j***@e***, pay ***1111, call ***71 or ***.');
  });

  it('mask an address that begins beyond the basic plane without half a character', () => {
    const address = '𝒿ane@example.com';
    const masked = maskOperator(address, [{ entity: 'EMAIL', start: 0, end: address.length, score: 1 }]).text;
    expect(masked).toBe('𝒿***@e***');
    expect(masked.isWellFormed()).toBe(true);
  });

  it('hash equal values of one key alike, and no others', () => {
    const key = Buffer.alloc(32, 1);
    const twice = 'a@example.com a@example.com b@example.com';
    const [first, second, third] = hashOperator(twice, detect(twice), key).text.split(' ');
    expect(first).toMatch(/^<EMAIL:[0-9a-f]{32}>$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(hashOperator(twice, detect(twice), Buffer.alloc(32, 2)).text.split(' ')[0]).not.toBe(first);
  });

  it('tell where the replacements stand', () => {
    for (const edited of [
      replaceOperator(text, findings),
      maskOperator(text, findings),
      tokenizeOperator(text, findings, (_value, { entity }) => `⟦${entity}_1⟧`),
    ]) {
      let original = edited.text;
      for (const [index, finding] of [...edited.findings.entries()].reverse()) {
        const source = findings[index];
        original =
          original.slice(0, finding.start) +
          text.slice(source?.start, source?.end) +
          original.slice(finding.end);
      }
      expect(original).toBe(text);
    }
  });

  it('leave a text without findings alone', () => {
    expect(replaceOperator('nothing here', [])).toEqual({ text: 'nothing here', findings: [] });
  });
});
