import { NEXT_PHASES, PHASES, type Phase } from './phases.js';
import type { StateRule } from './state-rule.js';

/** What a phase has to hold: two checks, then its gate. */
export interface PhaseCells {
  readonly checks: readonly [string, string];
  readonly gate: string;
}

/** The cells that have to be filled, phase by phase. A rule says in `fills` which of them it fills. */
export const COMPLIANCE_MATRIX = {
  INITIALIZATION: {
    checks: ['session ownership', 'user authentication'],
    gate: 'GDPR consent gate',
  },
  BATCH_DISCOVERY: {
    checks: ['PII detection', 'data classification'],
    gate: 'audit-trail gate',
  },
  STRATEGY_ANALYSIS: {
    checks: ['strategy validation', 'policy check'],
    gate: 'enterprise rule engine',
  },
  GENERATION: {
    checks: ['content compliance', 'template validation'],
    gate: 'output sanitisation',
  },
  REVIEW: {
    checks: ['human approval', 'compliance review'],
    gate: 'final audit checkpoint',
  },
  DELIVERY: {
    checks: ['output validation', 'privacy check'],
    gate: 'delivery confirmation',
  },
} as const satisfies Record<Phase, PhaseCells>;

type CellsOf<P extends Phase> =
  (typeof COMPLIANCE_MATRIX)[P]['checks'][number] | (typeof COMPLIANCE_MATRIX)[P]['gate'];

/** A cell by its phase and name. */
export type MatrixCell = { [P in Phase]: `${P}: ${CellsOf<P>}` }[Phase];

/** Every cell, in the order in which a run meets it. */
export function allCells(): readonly MatrixCell[] {
  return PHASES.flatMap((phase) => {
    const { checks, gate } = COMPLIANCE_MATRIX[phase];
    return [...checks, gate].map((name) => `${phase}: ${name}` as MatrixCell);
  });
}

/** The phase of a cell. */
export function phaseOf(cell: MatrixCell): Phase {
  return cell.slice(0, cell.indexOf(':')) as Phase;
}

/** Whether a rule has a say about a phase: it guards the way into it, or the way on from it. */
export function guards(rule: Pick<StateRule, 'entering'>, phase: Phase): boolean {
  return [phase, ...NEXT_PHASES[phase]].some((target) => rule.entering.includes(target));
}
