import type { WorkflowDefinition } from '../definitions/definition.schema.js';
import { isAgentStep } from '../definitions/step.schema.js';

/** One processing activity, as GDPR Art. 30(1) asks for it: what a workflow definition does with the data of people. */
export interface ProcessingActivity {
  readonly definition: string;
  readonly version: number;
  readonly title: string;
  readonly description: string | null;
  readonly purpose: string;
  /** Bases on which people's data was used for the purpose so far, with how many people each speaks of. */
  readonly lawfulBases: readonly { readonly basis: string; readonly people: number }[];
  /** Who the people are, and which fields of the input tell of them. */
  readonly people: readonly { readonly category: string; readonly data: readonly string[] }[];
  /** To whom their data is disclosed: ways of delivery. Models are given tokens in place of it. */
  readonly channels: readonly string[];
  /** Agents that work on it, and in which phases people decide. */
  readonly agents: readonly string[];
  readonly reviewedIn: readonly string[];
  /** Days from the end of a run until its data is erased; 0 = for ever. */
  readonly retentionDays: number;
}

/** What the definition itself says of an activity. */
export function activityOf(
  definition: WorkflowDefinition,
): Omit<ProcessingActivity, 'lawfulBases' | 'retentionDays'> {
  const { input, subjects, phases } = definition;
  const named = Object.entries(phases);
  const channels = named.flatMap(([, { delivery }]) => (delivery ? channelsOf(input, delivery.channel) : []));
  const agents = named.flatMap(([, phase]) => phase.agents.filter(isAgentStep).map(({ agent }) => agent));
  return {
    definition: definition.name,
    version: definition.version,
    title: definition.title,
    description: definition.description ?? null,
    purpose: definition.purpose,
    people: Object.entries(subjects).flatMap(([category, place]) =>
      place === undefined ? [] : [{ category, data: fieldsAt(input, place) }],
    ),
    channels: [...new Set(channels)],
    agents: [...new Set(agents)],
    reviewedIn: named.filter(([, { approval }]) => approval !== undefined).map(([phase]) => phase),
  };
}

type Schema = Readonly<Record<string, unknown>>;

/** The part of a JSON Schema that a reference such as `$.input.recipients` leads to. */
function schemaAt(input: Schema, reference: string): Schema | undefined {
  const [, root, ...path] = reference.split('.');
  if (root !== 'input') return undefined;
  return path.reduce<Schema | undefined>(
    (schema, name) => (schema?.['properties'] as Record<string, Schema> | undefined)?.[name],
    input,
  );
}

function fieldsAt(input: Schema, reference: string): string[] {
  const found = schemaAt(input, reference);
  const one = (found?.['items'] as Schema | undefined) ?? found;
  return Object.keys((one?.['properties'] as object | undefined) ?? {});
}

function channelsOf(input: Schema, reference: string): string[] {
  const known = schemaAt(input, reference)?.['enum'];
  return Array.isArray(known) ? known.map(String) : [reference];
}
