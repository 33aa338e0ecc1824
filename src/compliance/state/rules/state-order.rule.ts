import { isEnded, isPhase, isRunStatus, NEXT_PHASES, PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** Phases follow each other as the table says, and nothing follows an end. */
export const stateOrderRule: StateRule = {
  id: 'state.order',
  tier: 'basic',
  entering: [...PHASES, 'COMPLETED'],
  holds: 'Phases follow each other as the table says, and nothing follows an end.',
  check({ from, to, run }) {
    if (from === null) return to === 'INITIALIZATION' ? undefined : `a run cannot start in ${to}`;
    if (!isPhase(from)) return 'the stored phase is not one of the six';
    if (isRunStatus(run?.status) && isEnded(run.status)) return `the run has ended ${run.status}`;
    return NEXT_PHASES[from].includes(to) ? undefined : `${to} does not follow ${from}`;
  },
};
