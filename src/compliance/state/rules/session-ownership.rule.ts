import { PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** A run belongs to the owner of the session that started it, and that session must be usable at the start. */
export const sessionOwnershipRule: StateRule = {
  id: 'session.ownership',
  tier: 'compliance',
  entering: [...PHASES, 'COMPLETED'],
  check({ from, session, ownerId }) {
    if (!session || ownerId === undefined) return 'the session of the run was not established';
    if (session.ownerId !== ownerId) return 'the session belongs to somebody else';
    return from === null && !session.usable ? 'the session has expired or was revoked' : undefined;
  },
};
