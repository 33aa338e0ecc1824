import { newId } from '../../src/kernel/ids.js';
import { recipients, SENDER } from './campaign.js';
import type { HttpClient } from './http-client.js';
import { honestAnswer, type ModelCall } from './model-server.js';

/** A step that asks the model; calls of it are told apart by the name, see {@link nameIn}. */
export function ask(name: string, parts: object = {}): object {
  const brief = { goal: 'Tell our customers about the new office.', audience: 'All customers', tone: name };
  return { agent: 'requirements_agent', as: name, input: { brief, recipientCount: 1 }, ...parts };
}

/** The step that has made a call; for an item of {@link askEach} the item's own name. */
export function nameIn({ input }: ModelCall): string {
  return String(input.brief.tone);
}

/** A fan-out over the recipients; their calls are told apart by the recipients' names, `r0`, `r1`, … */
export function askEach(parts: object = {}): object {
  return {
    ...ask('each', parts),
    input: {
      brief: {
        goal: 'Tell our customers about the new office.',
        audience: 'All customers',
        tone: '$.item.attributes.mark',
      },
      recipientCount: 1,
    },
    forEach: '$.input.people',
    output: {
      index: '$.index',
      to: '$.item.email',
      subject: '$.output.objective',
      body: '$.output.audience',
    },
  };
}

export function answerTo(call: ModelCall): { content: string } {
  return { content: JSON.stringify(honestAnswer(call)) };
}

/** Stores a definition of its own name with these phases, and gives the name. */
export async function defineWorkflow(
  client: HttpClient,
  phases: object,
  parts: object = {},
): Promise<string> {
  const name = `w-${newId()}`;
  const { status, text } = await client.post('/v1/workflow-definitions', definitionOf(name, phases, parts));
  if (status !== 201) throw new Error(text);
  return name;
}

export function definitionOf(name: string, phases: object, parts: object = {}): object {
  const person = { type: 'object', required: ['name', 'email'] };
  return {
    name,
    version: 1,
    title: 'Small',
    purpose: 'test',
    input: {
      type: 'object',
      properties: { from: person, people: { type: 'array', items: person }, at: { type: 'string' } },
    },
    subjects: { recipients: '$.input.people', sender: '$.input.from' },
    phases: {
      INITIALIZATION: {},
      BATCH_DISCOVERY: {},
      STRATEGY_ANALYSIS: {},
      GENERATION: {},
      REVIEW: {},
      DELIVERY: {},
      ...phases,
    },
    ...parts,
  };
}

/** Starts a run of a definition in a session of its own. */
export async function startSmall(
  client: HttpClient,
  definition: string,
  { count = 1, input = {} }: { count?: number; input?: object } = {},
): Promise<string> {
  const consents = [{ subject: '*', purpose: 'test', lawfulBasis: 'contract', granted: true }];
  const sessionId = (await client.post('/v1/sessions', { consents })).body.id as string;
  const people = recipients(count).map(({ name, email }, index) => ({
    name,
    email,
    attributes: { mark: `r${index}` },
  }));
  const { status, body, text } = await client.post('/v1/workflows', {
    definition,
    sessionId,
    input: { from: SENDER, people, ...input },
  });
  if (status !== 202) throw new Error(text);
  return body.id as string;
}

/** Settings that send agents to a model server, without attempts of their own. */
export function modelEnv(url: string): Record<string, string> {
  return {
    COUNTERSIGN_LOG_LEVEL: 'silent',
    COUNTERSIGN__LLM__PROVIDER: 'openai-compatible',
    COUNTERSIGN__LLM__BASE_URL: url,
    COUNTERSIGN__LLM__MODEL: 'mock-1',
    COUNTERSIGN__ERROR_RECOVERY__MAX_ATTEMPTS: '1',
    COUNTERSIGN__ERROR_RECOVERY__FAILURE_THRESHOLD: '100',
  };
}
