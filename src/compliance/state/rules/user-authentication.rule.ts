import type { StateRule } from '../state-rule.js';

/** A run is started by an authenticated principal, for themselves. */
export const userAuthenticationRule: StateRule = {
  id: 'user.authentication',
  tier: 'compliance',
  entering: ['INITIALIZATION'],
  check({ actorId, ownerId }) {
    if (!actorId) return 'nobody is authenticated';
    return actorId === ownerId ? undefined : 'a run is owned by whoever starts it';
  },
};
