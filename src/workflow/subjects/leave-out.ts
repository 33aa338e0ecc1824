import { PHASES } from '../../compliance/state/phases.js';
import { type AgentStep, isAgentStep } from '../definitions/step.schema.js';
import type { LoadedRun } from '../engine/loaded-run.js';

/**
 * What becomes of a run when nothing more may be done for a person. `leave-out`: the run goes on for the others.
 * `cancel`: it has nobody else, or an agent that is still to be called would be given the person's data all the same.
 */
export type Parting =
  | { readonly kind: 'unconcerned' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'leave-out'; readonly recipients: readonly number[] };

/**
 * @param subjectRefs the people nothing more may be done for.
 * @param asSender whether that ends what is sent in their name, too.
 */
export function decideParting(
  loaded: LoadedRun,
  subjectRefs: ReadonlySet<string>,
  asSender: boolean,
): Parting {
  const refs = loaded.recipientRefs();
  const sender = loaded.senderRef();
  if (asSender && sender !== undefined && subjectRefs.has(sender)) return { kind: 'cancel' };
  const concerned = refs.flatMap((ref, index) => (subjectRefs.has(ref) ? [index] : []));
  const { leftOut } = loaded.steps;
  const recipients = concerned.filter((index) => !leftOut.has(index));
  if (recipients.length === 0) {
    // Known to the run, but as nobody who could be left out: a recipient outside a list.
    const isKnownOtherwise = refs.length === 0 && (sender === undefined || !subjectRefs.has(sender));
    return { kind: isKnownOtherwise ? 'cancel' : 'unconcerned' };
  }
  const remaining = refs.length - leftOut.size - recipients.length;
  if (remaining <= 0 || recipients.some((index) => isStillNamed(loaded, index))) return { kind: 'cancel' };
  return { kind: 'leave-out', recipients };
}

/** Whether a step that is still to be done takes the recipient from the list, not as the item it works on. */
function isStillNamed(loaded: LoadedRun, recipient: number): boolean {
  const { definition, run } = loaded;
  const { recipients: list } = definition.subjects;
  const ahead = PHASES.slice(PHASES.indexOf(run.phase));
  return ahead.some((phase) =>
    definition.phases[phase].agents.some(
      (step) =>
        isAgentStep(step) &&
        !loaded.steps.isDone(loaded.keyOf(step, run, phase)) &&
        templatesOf(step).some((text) => names(text, list, recipient)),
    ),
  );
}

/** Every reference of a step's templates; what it works through item by item is not named by it. */
function templatesOf(step: AgentStep): string[] {
  return [step.input, step.output ?? {}].flatMap(referencesIn);
}

function referencesIn(template: unknown): string[] {
  if (typeof template === 'string') return template.startsWith('$.') ? [template] : [];
  if (template === null || typeof template !== 'object') return [];
  return Object.values(template).flatMap(referencesIn);
}

/** Whether a reference leads to the recipient: to the whole list, to what holds it, or to their place in it. */
function names(reference: string, list: string, recipient: number): boolean {
  if (reference === list || list.startsWith(`${reference}.`)) return true;
  if (!reference.startsWith(`${list}.`)) return false;
  const [place] = reference.slice(list.length + 1).split('.');
  return place === String(recipient);
}
