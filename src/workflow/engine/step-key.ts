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

/** Names that a recipient is left out, by their place in the input. No phase is called like this. */
export function leftOutKey(recipient: number): string {
  return `${LEFT_OUT}/${recipient}`;
}

/** Whom {@link leftOutKey} names; undefined for the keys of steps. */
export function recipientLeftOut(key: string): number | undefined {
  const [kind, recipient] = key.split('/');
  return kind === LEFT_OUT ? Number(recipient) : undefined;
}

const LEFT_OUT = 'left-out';

/** The step that a key names, with the index of the item for a fan-out. */
export function partsOfKey(key: string): { readonly step: string; readonly item: number | undefined } {
  const [phase, name, round, item] = key.split('/');
  return { step: `${phase}/${name}/${round}`, item: item === undefined ? undefined : Number(item) };
}
