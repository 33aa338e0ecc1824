import type { Cedar, CedarSandbox, DetailedError } from './cedar.js';
import { complexityFault } from './policy-complexity.js';

/** Texts of policies by their ids. */
export type PolicyTexts = Readonly<Record<string, string>>;

/** What is wrong with a policy and where. */
export interface PolicyFault {
  /** Id of the policy. */
  readonly policy: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly message: string;
}

/** Checks texts against the schema: syntax, then names and types, strictly. Every fault is given; none = valid. */
export function checkPolicies(sandbox: CedarSandbox, schema: string, texts: PolicyTexts): PolicyFault[] {
  const tooComplex = Object.entries(texts).flatMap(([policy, text]) => {
    const fault = complexityFault(text);
    return fault === undefined ? [] : [{ policy, line: 1, column: 1, message: fault }];
  });
  if (tooComplex.length > 0) return tooComplex;
  return Object.entries(texts).flatMap(([policy, text]) => faultsOf(sandbox, schema, policy, text));
}

/** One by one: what does not parse would hide the faults of all others. */
function faultsOf(sandbox: CedarSandbox, schema: string, policy: string, text: string): PolicyFault[] {
  try {
    const errors = sandbox.run((cedar) => errorsOf(cedar, schema, text));
    return uniqueFaults(errors.map((error) => faultOf(policy, text, error)));
  } catch {
    return [{ policy, line: 1, column: 1, message: 'cannot be checked' }];
  }
}

/** The engine names every policy by this while it is checked, so that no id gets into a message. */
const CHECKED = 'p';

function errorsOf(cedar: Cedar, schema: string, text: string): readonly DetailedError[] {
  const answer = cedar.validate({
    validationSettings: { mode: 'strict' },
    schema,
    policies: { staticPolicies: { [CHECKED]: text } },
  });
  if (answer.type === 'failure') return answer.errors;
  // A policy that can never apply protects nobody: what only warns elsewhere is a fault here.
  const { validationErrors, validationWarnings } = answer;
  return (validationErrors.length > 0 ? validationErrors : validationWarnings).map(({ error }) => error);
}

function faultOf(policy: string, text: string, error: DetailedError): PolicyFault {
  const [place] = error.sourceLocations ?? [];
  const help = place?.label ?? error.help;
  const message = error.message
    .replace(`failed to parse policy with id \`${CHECKED}\` from string: `, '')
    .replace(`for policy \`${CHECKED}\`, `, '');
  return { policy, ...placeOf(text, place?.start ?? 0), message: help ? `${message} (${help})` : message };
}

/** The engine counts bytes. */
function placeOf(text: string, byteOffset: number): { line: number; column: number } {
  const before = Buffer.from(text, 'utf8').subarray(0, byteOffset).toString('utf8').split('\n');
  return { line: before.length, column: Array.from(before.at(-1) ?? '').length + 1 };
}

/** The same place is wrong for every action to which a policy applies, in no order of the engine's: once is enough. */
function uniqueFaults(faults: readonly PolicyFault[]): PolicyFault[] {
  const ordered = faults.toSorted(
    (one, other) =>
      one.line - other.line || one.column - other.column || (one.message < other.message ? -1 : 1),
  );
  return ordered.filter((fault, index) => {
    const before = ordered[index - 1];
    return fault.line !== before?.line || fault.column !== before.column;
  });
}
