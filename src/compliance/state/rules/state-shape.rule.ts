import { isPhase, isRunStatus, PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** A run that is not of the form the engine writes was damaged or comes from elsewhere (W7). */
export const stateShapeRule: StateRule = {
  id: 'state.shape',
  tier: 'basic',
  entering: [...PHASES, 'COMPLETED'],
  holds: 'The stored run has the form that the engine writes.',
  check({ from, run }) {
    if (from === null) return undefined;
    if (!isPhase(from)) return 'the stored phase is not one of the six';
    if (!run) return 'there is no stored state';
    if (!isRunStatus(run.status)) return 'the stored status is unknown';
    if (!Number.isSafeInteger(run.version) || (run.version as number) < 0)
      return 'the stored version is not a count';
    if (typeof run.context !== 'object' || run.context === null || Array.isArray(run.context)) {
      return 'the stored context is not an object';
    }
    return undefined;
  },
};
