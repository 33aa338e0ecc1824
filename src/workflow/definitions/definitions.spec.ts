import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError } from '../../kernel/app-error.js';
import { definitionSchema } from './definition.schema.js';
import { checkInput, compileInput } from './input-validator.js';
import { parseDefinition } from './parse-definition.js';
import { fillTemplate, resolveReference } from './references.js';

const builtin = () => readFileSync('config/workflows/email-campaign.yaml', 'utf8');
const input = () => ({
  brief: { goal: 'Win back customers', audience: 'Former customers' },
  sender: { name: 'Sender', email: 'sender@example.com' },
  recipients: [{ name: 'Recipient', email: 'recipient@example.com' }] as Record<string, unknown>[],
});

function faultsOf(work: () => unknown): { path: string; message: string }[] {
  try {
    work();
  } catch (error) {
    return [...((error as AppError).errors ?? [])];
  }
  throw new Error('nothing was refused');
}

describe('a workflow definition', () => {
  it('is accepted when it is the built-in one', () => {
    expect(parseDefinition(builtin())).toMatchObject({ name: 'email-campaign', version: 1 });
  });

  it('is refused with the place of every fault', () => {
    const broken = builtin()
      .replace('version: 1', 'version: 0')
      .replace('purpose: email-campaign', 'porpose: x');
    expect(faultsOf(() => parseDefinition(broken)).map((fault) => fault.path)).toEqual(
      expect.arrayContaining(['version', 'purpose']),
    );
  });

  it('is refused with line and column when it is not YAML', () => {
    expect(faultsOf(() => parseDefinition('name: [1,\n'))[0]?.path).toMatch(/^line \d+, column \d+$/);
  });

  it('is refused when it would deliver what nobody approves', () => {
    const broken = builtin().replace(/ {4}approval:\n.*\n.*\n/, '');
    expect(faultsOf(() => parseDefinition(broken))[0]?.message).toBe(
      'nothing is delivered without an approval',
    );
  });

  it('has a published JSON Schema that agrees with the code', () => {
    const published = JSON.parse(
      readFileSync('config/workflows/workflow-definition.schema.json', 'utf8'),
    ) as unknown;
    expect(published).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(definitionSchema, { io: 'input' }))));
  });
});

describe('a definition that contradicts itself', () => {
  const ask = (parts: object = {}) => ({ agent: 'requirements_agent', input: {}, ...parts });
  const signal = (parts: object = {}) => ({ wait: { signal: { name: 'go', ...parts } } });

  it.each<[string, object, string[]]>([
    ['one name twice', { agents: [ask(), ask()] }, ['agents.1.agent']],
    [
      'the output of a later step',
      { agents: [ask({ input: { a: '$.outputs.z' } }), ask({ as: 'z' })] },
      ['agents.0.input.a'],
    ],
    [
      'the output of no step',
      { agents: [ask({ input: { a: ['$.outputs.none.x'] } })] },
      ['agents.0.input.a.0'],
    ],
    [
      'the output of a step beside it',
      { mode: 'parallel', agents: [ask({ as: 'y' }), ask({ input: { a: '$.outputs.y' } })] },
      ['agents.1.input.a'],
    ],
    ['a join in a sequence', { join: 'first', concurrency: 1, agents: [ask()] }, ['join', 'concurrency']],
    [
      'a quorum of more than there are',
      { mode: 'parallel', join: { quorum: 2 }, agents: [ask()] },
      ['join.quorum'],
    ],
    ['a wait in a parallel phase', { mode: 'parallel', agents: [ask(), signal()] }, ['agents.1.wait']],
    [
      'policies of a fan-out without one',
      { agents: [ask({ onItemFailure: 'continue' })] },
      ['agents.0.onItemFailure'],
    ],
    [
      'a failure of a whole fan-out',
      { agents: [ask({ forEach: '$.input.x', onFailure: 'continue' })] },
      ['agents.0.onFailure'],
    ],
    [
      'two schemas of one signal',
      { agents: [signal(), signal({ schema: {} })] },
      ['agents.1.wait.signal.schema'],
    ],
    [
      'a schema that is none',
      { agents: [signal({ schema: { type: 'nothing' } })] },
      ['agents.0.wait.signal.schema'],
    ],
    ['a wait for nothing', { agents: [{ wait: {} }] }, ['agents.0.wait']],
    [
      'a timer with two times',
      { agents: [{ wait: { timer: { seconds: 1, until: '$.input.at' } } }] },
      ['agents.0.wait.timer'],
    ],
    ['a typing error', { agents: [ask({ onFailur: 'continue' })] }, ['agents.0.onFailur']],
  ])('with %s is refused with the place', (_what, generation, paths) => {
    const document = { ...(parse(builtin(), { merge: true }) as { phases: object }) };
    const phases = { ...document.phases, GENERATION: generation, REVIEW: {}, DELIVERY: {} };
    expect(faultsOf(() => parseDefinition({ ...document, phases })).map(({ path }) => path)).toEqual(
      paths.map((path) => `phases.GENERATION.${path}`),
    );
  });
});

describe('the input of email-campaign', () => {
  const validate = compileInput(parseDefinition(builtin()).input);
  const faults = (change: object) => faultsOf(() => checkInput(validate, { ...input(), ...change }));

  it('gets the outbox by default', () => {
    const value: Record<string, unknown> = input();
    checkInput(validate, value);
    expect(value['delivery']).toEqual({ channel: 'outbox' });
  });

  it('takes 10,000 recipients and refuses one more', () => {
    checkInput(validate, { ...input(), recipients: many(10_000) });
    expect(faults({ recipients: many(10_001) })[0]?.path).toBe('input.recipients');
  });

  it.each<[string, object, string]>([
    [
      'an address that is none',
      { recipients: [{ name: 'A', email: 'not-an-address' }] },
      'input.recipients.0.email',
    ],
    ['a missing goal', { brief: { audience: 'Everybody' } }, 'input.brief.goal'],
    ['an unknown field', { surprise: 1 }, 'input.surprise'],
    [
      'a line break in a name',
      { sender: { name: 'A\r\nBcc: x', email: 'a@example.com' } },
      'input.sender.name',
    ],
    ['a webhook without a URL', { delivery: { channel: 'webhook' } }, 'input.delivery.url'],
    ['no recipients', { recipients: [] }, 'input.recipients'],
  ])('refuses %s and says where', (_what, change, path) => {
    expect(faults(change).map((fault) => fault.path)).toContain(path);
  });
});

describe('references', () => {
  const scope = { input: { list: [{ a: 1 }, { a: 2 }] }, outputs: {} };

  it('walk through objects and lists', () => {
    expect(resolveReference('$.input.list.1.a', scope)).toBe(2);
    expect(resolveReference('$.input.list.length', scope)).toBe(2);
  });

  it('never reach a prototype', () => {
    expect(resolveReference('$.input.constructor', scope)).toBeUndefined();
    expect(resolveReference('$.input.__proto__', scope)).toBeUndefined();
  });

  it('leave out what is not there', () => {
    expect(fillTemplate({ a: '$.outputs.missing', b: ['x'], c: { d: '$.input.list.0' } }, scope)).toEqual({
      b: ['x'],
      c: { d: { a: 1 } },
    });
  });
});

function many(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `R ${index}`,
    email: `r${index}@example.com`,
  }));
}
