import { PHASES, type Phase } from '../../compliance/state/phases.js';
import type { PhasePlan, WorkflowDefinition } from './definition.schema.js';
import { type AgentStep, isAgentStep, type Step, stepNameOf } from './step.schema.js';
import { conditionsOf, type WaitSignal } from './wait.schema.js';

/** Where a definition contradicts itself. */
export interface DefinitionFault {
  readonly path: PropertyKey[];
  readonly message: string;
}

type Definition = Pick<WorkflowDefinition, 'phases'>;

/** What the form of a definition alone cannot tell: whether its parts go together. */
export function definitionFaults(definition: Definition): DefinitionFault[] {
  return [
    ...artifactFaults(definition),
    ...PHASES.flatMap((name) => phaseFaults(name, definition.phases[name])),
    ...referenceFaults(definition),
    ...signalFaults(definition),
  ];
}

function artifactFaults({ phases }: Definition): DefinitionFault[] {
  const made = new Set(Object.values(phases).flatMap((each) => each.artifact?.name ?? []));
  const wanted = [
    ['REVIEW', 'approval', phases.REVIEW.approval?.artifact],
    ['DELIVERY', 'delivery', phases.DELIVERY.delivery?.artifact],
  ] as const;
  const faults = wanted.flatMap(([phase, part, name]) =>
    name === undefined || made.has(name)
      ? []
      : [{ path: ['phases', phase, part, 'artifact'], message: `no phase makes an artefact "${name}"` }],
  );
  return phases.DELIVERY.delivery && !phases.REVIEW.approval
    ? [
        ...faults,
        { path: ['phases', 'REVIEW', 'approval'], message: 'nothing is delivered without an approval' },
      ]
    : faults;
}

function phaseFaults(name: Phase, plan: PhasePlan): DefinitionFault[] {
  const at = (...rest: PropertyKey[]) => ['phases', name, ...rest];
  const parallel = plan.mode === 'parallel';
  const faults: DefinitionFault[] = [];
  if (!parallel && plan.join !== undefined)
    faults.push({ path: at('join'), message: 'needs the mode parallel' });
  if (!parallel && plan.concurrency !== undefined)
    faults.push({ path: at('concurrency'), message: 'needs the mode parallel' });
  const { join } = plan;
  if (typeof join === 'object' && join.quorum > plan.agents.length)
    faults.push({
      path: at('join', 'quorum'),
      message: `is more than the ${plan.agents.length} agents of the phase`,
    });
  const seen = new Set<string>();
  for (const [index, step] of plan.agents.entries()) {
    for (const fault of stepFaults(step, plan, seen))
      faults.push({ ...fault, path: at('agents', index, ...fault.path) });
  }
  return faults;
}

function stepFaults(step: Step, plan: PhasePlan, seen: Set<string>): DefinitionFault[] {
  const parallel = plan.mode === 'parallel';
  if (!isAgentStep(step))
    return parallel ? [{ path: ['wait'], message: 'cannot stand in a parallel phase' }] : [];
  const faults: DefinitionFault[] = [];
  const name = stepNameOf(step);
  if (seen.has(name))
    faults.push({
      path: [step.as === undefined ? 'agent' : 'as'],
      message: `"${name}" is in this phase already; give the step another name with as`,
    });
  seen.add(name);
  if (step.forEach === undefined) {
    for (const key of ['output', 'onItemFailure'] as const)
      if (step[key] !== undefined) faults.push({ path: [key], message: 'needs forEach' });
  } else {
    if (step.onFailure !== undefined)
      faults.push({ path: ['onFailure'], message: 'is for one agent; with forEach use onItemFailure' });
    if (parallel && (plan.join ?? 'all') !== 'all')
      faults.push({ path: ['forEach'], message: 'can stand in a parallel phase with the join all only' });
  }
  return faults;
}

/** A step may use what certainly was made before it. */
function referenceFaults({ phases }: Definition): DefinitionFault[] {
  const faults: DefinitionFault[] = [];
  const made = new Set<string>();
  const later = new Set(PHASES.flatMap((name) => namesOf(phases[name])));
  const check = (value: unknown, path: PropertyKey[], known: ReadonlySet<string>) => {
    for (const found of outputsIn(value, path)) {
      if (known.has(found.name)) continue;
      const reason = later.has(found.name) ? 'works later or beside it' : 'is no step of the workflow';
      faults.push({ path: found.path, message: `"${found.name}" ${reason}` });
    }
  };
  for (const name of PHASES) {
    const plan = phases[name];
    const before = new Set(made);
    for (const [index, step] of plan.agents.entries()) {
      if (isAgentStep(step)) {
        const known = plan.mode === 'parallel' ? before : made;
        check(step.input, ['phases', name, 'agents', index, 'input'], known);
        check(step.output, ['phases', name, 'agents', index, 'output'], known);
        check(step.forEach, ['phases', name, 'agents', index, 'forEach'], known);
        if (plan.mode !== 'parallel') made.add(stepNameOf(step));
      } else check(step.wait, ['phases', name, 'agents', index, 'wait'], made);
    }
    for (const each of namesOf(plan)) made.add(each);
    check(plan.artifact?.content, ['phases', name, 'artifact', 'content'], made);
  }
  return faults;
}

function namesOf(plan: PhasePlan): string[] {
  return plan.agents.filter(isAgentStep).map(stepNameOf);
}

function outputsIn(value: unknown, path: PropertyKey[]): { name: string; path: PropertyKey[] }[] {
  if (typeof value === 'string') {
    const [root, part, name] = value.split('.');
    return root === '$' && part === 'outputs' && name !== undefined ? [{ name, path }] : [];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => outputsIn(item, [...path, key]));
}

/** One signal has one form, wherever it is waited for. */
function signalFaults(definition: Definition): DefinitionFault[] {
  const schemas = new Map<string, string>();
  return signalsOf(definition).flatMap(({ signal, path }) => {
    const schema = JSON.stringify(signal.schema ?? null);
    const first = schemas.get(signal.name) ?? schema;
    schemas.set(signal.name, first);
    return first === schema
      ? []
      : [{ path: [...path, 'schema'], message: `"${signal.name}" has another schema elsewhere` }];
  });
}

/** Every place where a definition waits for a signal. */
export function signalsOf({ phases }: Definition): { signal: WaitSignal; path: PropertyKey[] }[] {
  return PHASES.flatMap((name) =>
    phases[name].agents.flatMap((step: Step, index) => {
      if (isAgentStep(step)) return [];
      const path = ['phases', name, 'agents', index, 'wait'];
      return conditionsOf(step).flatMap(({ signal }, position) => {
        const place = step.wait.anyOf ? [...path, 'anyOf', position, 'signal'] : [...path, 'signal'];
        return signal ? [{ signal, path: place }] : [];
      });
    }),
  );
}

/** The steps of a phase that ask an agent. */
export function agentStepsOf({ agents }: Pick<PhasePlan, 'agents'>): AgentStep[] {
  return agents.filter(isAgentStep);
}
