import { describe, expect, it } from 'vitest';
import { rulesOf } from './retention-rule.js';

const NOW = new Date('2030-06-30T12:00:00.000Z');

describe('the rules of retention', () => {
  it('follow the configuration where a tenant has said nothing', () => {
    expect(rulesOf([], 90, NOW)).toEqual([
      { definition: '*', retentionDays: 90, except: [], endedBefore: new Date('2030-04-01T12:00:00.000Z') },
    ]);
    expect(rulesOf([], 0, NOW)).toEqual([]);
  });

  it('put a policy before the general one, for longer and for shorter', () => {
    const policies = [
      { definition: 'long', retentionDays: 365 },
      { definition: '*', retentionDays: 10 },
      { definition: 'short', retentionDays: 1 },
    ];
    expect(rulesOf(policies, 90, NOW)).toEqual([
      {
        definition: 'long',
        retentionDays: 365,
        except: [],
        endedBefore: new Date('2029-06-30T12:00:00.000Z'),
      },
      {
        definition: 'short',
        retentionDays: 1,
        except: [],
        endedBefore: new Date('2030-06-29T12:00:00.000Z'),
      },
      {
        definition: '*',
        retentionDays: 10,
        except: ['long', 'short'],
        endedBefore: new Date('2030-06-20T12:00:00.000Z'),
      },
    ]);
  });

  it('leave alone what is kept for ever, whatever the general policy says', () => {
    const policies = [{ definition: 'kept', retentionDays: 0 }];
    expect(rulesOf(policies, 7, NOW)).toEqual([
      expect.objectContaining({ definition: '*', except: ['kept'] }),
    ]);
    expect(rulesOf([...policies, { definition: '*', retentionDays: 0 }], 7, NOW)).toEqual([]);
  });
});
