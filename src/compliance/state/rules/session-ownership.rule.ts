import { isName, isTrue } from '../fact-forms.js';
import { PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** A run belongs to the owner of the session that started it, and that session must be usable at the start. */
export const sessionOwnershipRule: StateRule = {
  id: 'session.ownership',
  tier: 'compliance',
  entering: [...PHASES, 'COMPLETED'],
  fills: ['INITIALIZATION: session ownership'],
  holds: 'The session belongs to the owner of the run, and is usable when the run starts.',
  check({ from, session, ownerId }) {
    if (!isName(session?.ownerId) || !isName(ownerId)) return 'the session of the run was not established';
    if (session.ownerId !== ownerId) return 'the session belongs to somebody else';
    return from === null && !isTrue(session.usable) ? 'the session has expired or was revoked' : undefined;
  },
};
