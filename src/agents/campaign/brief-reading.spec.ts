import { describe, expect, it } from 'vitest';
import { readBrief } from './brief-reading.js';

const read = (goal: string, offer?: string): ReturnType<typeof readBrief> =>
  readBrief({ goal, audience: 'all', offer });

describe('readBrief', () => {
  it.each([
    ['Win back customers who have not ordered in six months', 'win_back', undefined],
    ['Winning our lost customers back', 'win_back', undefined],
    ['Announce our new analytics dashboard to existing customers', 'announce', 'our new analytics dashboard'],
    ['Introduce business customers to the mobile app', 'announce', 'the mobile app'],
    ['Launch spring collection so that sales rise', 'announce', 'our spring collection'],
    ['Inform clients about the new terms of service', 'announce', 'the new terms of service'],
    ['Invite members to our spring webinar on 14 May', 'invite', 'our spring webinar on 14 May'],
    ['Invite customers to try the beta', 'invite', 'try the beta'],
    ['Get 50 trial users to upgrade to the Pro plan', 'act', 'upgrade to the Pro plan'],
    ['Encourage patients to book their yearly check-up', 'act', 'book your yearly check-up'],
    ['Move Starter customers to annual billing', 'upgrade', 'annual billing'],
    ['Convert leads to customers', 'upgrade', undefined],
    ['Renew annual maintenance contracts', 'renew', 'your annual maintenance contracts'],
    [
      'Win customers whose annual plan ends this quarter for a renewal before 1 October.',
      'renew',
      'your annual plan before 1 October',
    ],
    ['Announce in the spring', 'announce', undefined],
    ['Remind customers of the price change', 'remind', 'the price change'],
    ['Thank our donors for their support', 'thank', 'your support'],
    ['Ask for feedback on the new checkout', 'feedback', 'the new checkout'],
    ['Promote winter tyres', 'promote', 'our winter tyres'],
    ['Increase revenue', 'check_in', undefined],
  ])('reads "%s"', (goal, kind, topic) => {
    expect(read(goal)).toMatchObject({ kind, topic });
  });

  it('has something to announce where there is an offer', () => {
    expect(read('Increase revenue', '10 % off').kind).toBe('general');
  });

  it('keeps the sentences a recipient may read and leaves internal ones out', () => {
    const { facts } = read(
      'Announce the new dashboard. It shows delivery times in real time. We want to raise the conversion rate. The campaign should be cheap.',
    );
    expect(facts).toEqual(['It shows delivery times in real time.']);
  });
});
