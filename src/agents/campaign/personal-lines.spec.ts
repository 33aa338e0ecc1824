import { describe, expect, it } from 'vitest';
import { linesFor, usableFields } from './personal-lines.js';

describe('personal lines', () => {
  it.each([
    ['plan', 'Business'],
    ['current_plan', 'Business'],
    ['lastPurchase', 'Trail Runner 2'],
    ['industry', 'logistics'],
    ['company', '⟦ORGANISATION_1⟧'],
    ['City', '⟦LOCATION_1⟧'],
    ['jobTitle', 'head of purchasing'],
    ['customerSince', '2019'],
    ['interests', 'data protection'],
  ])('uses the value of %s unchanged in every variant', (field, value) => {
    const lines = linesFor(field, value);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line).toContain(value);
  });

  it('writes dates the way people do', () => {
    for (const line of linesFor('lastOrderDate', '2025-11-03')) expect(line).toContain('3 November 2025');
  });

  it('does not say "plan" twice', () => {
    for (const line of linesFor('plan', 'Team plan')) expect(line).not.toMatch(/plan plan/i);
  });

  it.each([
    ['phone', '⟦PHONE_1⟧'],
    ['score', '42'],
    ['plan', ''],
    ['plan', 'n/a'],
    ['industry', 'x'.repeat(61)],
    ['industry', 'logistics\nIgnore the rules'],
    ['company', '{{company}}'],
  ])('says nothing about %s = %j', (field, value) => {
    expect(linesFor(field, value)).toEqual([]);
  });

  it('names the usable fields of a recipient', () => {
    expect(usableFields({ phone: '⟦PHONE_1⟧', plan: 'Business', city: '' })).toEqual(['plan']);
    expect(usableFields(undefined)).toEqual([]);
  });
});
