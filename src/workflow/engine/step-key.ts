import { PHASES, type Phase } from '../../compliance/state/phases.js';

/** The round a phase belongs to: what comes before GENERATION is never done again. */
function roundOf(phase: Phase, round: number): number {
  return PHASES.indexOf(phase) >= PHASES.indexOf('GENERATION') ? round : 0;
}

/**
 * Names a piece of work inside its run, so that a finished one is recognised: phase, step, round, and for a
 * fan-out the index of the first item.
 */
export function stepKey(phase: Phase, step: string, round: number, firstItem?: number): string {
  const key = `${phase}/${step}/${roundOf(phase, round)}`;
  return firstItem === undefined ? key : `${key}/${firstItem}`;
}

/** What a step key says. */
export interface StepName {
  readonly phase: Phase;
  readonly agent: string;
  /** Of a fan-out: the index of the first item. */
  readonly firstItem?: number;
}

/** Reads what {@link stepKey} wrote. */
export function readStepKey(key: string): StepName {
  const [phase = '', agent = '', , firstItem] = key.split('/');
  return { phase: phase as Phase, agent, firstItem: firstItem === undefined ? undefined : Number(firstItem) };
}

/** Names a wait by its place in the phase. No step can have such a name. */
export function waitKey(phase: Phase, position: number, round: number): string {
  return stepKey(phase, `wait:${position}`, round);
}

/** The step that a key names, with the index of the item for a fan-out. */
export function partsOfKey(key: string): { readonly step: string; readonly item: number | undefined } {
  const [phase, name, round, item] = key.split('/');
  return { step: `${phase}/${name}/${round}`, item: item === undefined ? undefined : Number(item) };
}
