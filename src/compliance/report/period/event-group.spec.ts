import { describe, expect, it } from 'vitest';
import { addUsd, type EventGroup, FigureSum } from './event-group.js';
import { quantileOf } from './quantile.js';

const group = (changes: Partial<EventGroup>): EventGroup => ({
  type: 'workflow.completed',
  outcome: 'success',
  key: [null],
  events: 1,
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  costUsd: '0.000000',
  granted: 0,
  withdrawn: 0,
  removedRuns: 0,
  sample: `${'0'.repeat(64)}id`,
  ...changes,
});

const sampleOf = (hash: string, id: string) => `${hash.padStart(64, '0')}${id}`;

describe('FigureSum', () => {
  it('adds days group by group', () => {
    const sum = new FigureSum();
    const day = (events: number, costUsd: string) => ({
      events,
      groups: [group({ events, costUsd, inputTokens: 10 })],
      findings: { EMAIL: events },
    });
    sum.add(day(2, '0.100000'));
    sum.add(day(3, '0.200000'));
    sum.add({ events: 1, groups: [group({ outcome: 'failure' })], findings: { ADDRESS: 1 } });
    expect(sum.total).toMatchObject({ events: 6, findings: { ADDRESS: 1, EMAIL: 5 } });
    expect(sum.total.groups).toMatchObject([
      { events: 5, costUsd: '0.300000', inputTokens: 20 },
      { events: 1 },
    ]);
  });

  it('samples the smallest leaf hashes, in whatever order the days come', () => {
    const samples = ['7', '3', '9', '1', '5', '2', '8'].map((hash) => sampleOf(hash, `event-${hash}`));
    for (const order of [samples, samples.toReversed()]) {
      const sum = new FigureSum();
      for (const sample of order) sum.add({ events: 1, groups: [group({ sample })], findings: {} });
      expect(sum.samplesOf('workflow.completed', 'success')).toEqual(
        [1, 2, 3, 5, 7].map((hash) => `event-${hash}`),
      );
    }
    expect(new FigureSum().samplesOf('workflow.completed', 'success')).toEqual([]);
  });
});

describe('addUsd', () => {
  it('is exact where floating point is not', () => {
    expect(addUsd('0.100000', '0.200000')).toBe('0.300000');
    expect(addUsd('12', '0.000001')).toBe('12.000001');
  });
});

describe('quantileOf', () => {
  const values = [
    { value: 30, count: 1 },
    { value: 10, count: 18 },
    { value: 20, count: 1 },
  ];
  it.each([
    [0.5, 10],
    [0.95, 20],
    [1, 30],
  ])('%s of the values do not exceed %s', (share, value) => {
    expect(quantileOf(values, share)).toBe(value);
  });

  it('is null of nothing', () => {
    expect(quantileOf([], 0.5)).toBeNull();
  });
});
