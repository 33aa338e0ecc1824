import { describe, expect, it } from 'vitest';
import { AppError } from '../../kernel/app-error.js';
import { DriveFaults } from './drive-faults.js';

const thrice = (faults: DriveFaults, error: unknown) => [1, 2, 3].map(() => faults.isLast('run', error));

describe('DriveFaults', () => {
  it.each([
    ['a bug', new TypeError('x is not a function')],
    ['a refused row', Object.assign(new Error('violates'), { code: '23505' })],
    ['what cannot be recorded', new AppError('AUDIT_UNAVAILABLE', { cause: new RangeError('leaf') })],
  ])('gives a run up after the third time of %s', (_what, error) => {
    expect(thrice(new DriveFaults(), error)).toEqual([false, false, true]);
  });

  it.each([
    ['a lost database', Object.assign(new Error('gone'), { code: '57P01' })],
    ['a refused connection', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
    ['a full disk', Object.assign(new Error('full'), { code: '53100' })],
    ['an unreachable vault', new AppError('VAULT_UNAVAILABLE')],
    [
      'an audit trail that cannot be written now',
      new AppError('AUDIT_UNAVAILABLE', { cause: new Error('gone') }),
    ],
  ])('never gives a run up for %s', (_what, error) => {
    expect(thrice(new DriveFaults(), error)).toEqual([false, false, false]);
  });

  it('starts anew once a run has been driven', () => {
    const faults = new DriveFaults();
    thrice(faults, new TypeError('x'));
    faults.clear('run');
    expect(faults.isLast('run', new TypeError('x'))).toBe(false);
  });
});
