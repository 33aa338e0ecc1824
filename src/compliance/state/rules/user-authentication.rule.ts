import { isName } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** A run is started by an authenticated principal, for themselves. */
export const userAuthenticationRule: StateRule = {
  id: 'user.authentication',
  tier: 'compliance',
  entering: ['INITIALIZATION'],
  fills: ['INITIALIZATION: user authentication'],
  holds: 'An authenticated principal starts the run, for themselves.',
  check({ actorId, ownerId }) {
    if (!isName(actorId)) return 'nobody is authenticated';
    return actorId === ownerId ? undefined : 'a run is owned by whoever starts it';
  },
};
