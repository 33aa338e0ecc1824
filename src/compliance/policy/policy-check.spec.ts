import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CedarSandbox } from './cedar.js';
import { checkPolicies } from './policy-check.js';

const schema = readFileSync('config/policies/countersign.cedarschema', 'utf8');
const sandbox = new CedarSandbox();
const check = (text: string) => checkPolicies(sandbox, schema, { mine: text });
const when = (condition: string) => `permit (principal, action, resource)\nwhen { ${condition} };`;

describe('checking policies', () => {
  it('finds nothing wrong with what is built in', () => {
    const files = readdirSync('config/policies').filter((name) => name.endsWith('.cedar'));
    expect(files.length).toBeGreaterThan(3);
    const texts = Object.fromEntries(
      files.map((name) => [name, readFileSync(`config/policies/${name}`, 'utf8')]),
    );
    expect(checkPolicies(sandbox, schema, texts)).toEqual([]);
  });

  it.each([
    ['a syntax error', 'permit (principal, action, resource)\nwhen { 1 + };', 2, /unexpected token/],
    ['an attribute that is not in the schema', when('context.clasification == "public"'), 2, /not found/],
    ['a comparison of different types', when('context.recipients > "many"'), 2, /./],
    [
      'an entity that is not in the schema',
      'permit (principal is Countersign::Robot, action, resource);',
      1,
      /Robot/,
    ],
    [
      'an action that is not in the schema',
      'permit (principal, action == Countersign::Action::"fly", resource);',
      1,
      /fly/,
    ],
    ['an optional attribute that is not asked for first', when('context.channel == "smtp"'), 2, /channel/],
    ['a policy that can never apply', when('context.recipients > 1 && false'), 1, /impossible/],
    ['a template', 'permit (principal == ?principal, action, resource);', 1, /template/],
    ['two policies in one text', `${when('true')}\npermit (principal, action, resource);`, 3, /permit/],
    ['no policy at all', '', 1, /./],
    ['a decimal that is none', when('resource.costUsd.greaterThan(decimal("much"))'), 2, /decimal/],
  ])('tells the place of %s', (_what, text, line, message) => {
    const faults = check(text);
    expect(faults[0]).toMatchObject({ policy: 'mine', line });
    expect(faults[0]?.message).toMatch(message);
  });

  it('counts columns in characters, not in bytes', () => {
    expect(check('// äöü\npermit (principal, action, resource) when { "äöü" == };')[0]).toMatchObject({
      line: 2,
      column: 54,
    });
  });

  it('gives the faults of every policy, also where one does not even parse', () => {
    const faults = checkPolicies(sandbox, schema, {
      broken: 'permit',
      wrong: when('context.no'),
      good: when('true'),
    });
    expect(faults.map(({ policy }) => policy)).toEqual(['broken', 'wrong']);
  });

  it.each([
    ['brackets', when(`${'('.repeat(5_000)}true${')'.repeat(5_000)}`)],
    ['sets', when(`${'['.repeat(200)}1${']'.repeat(200)} == 1`)],
    ['conjunctions', when(Array(400).fill('true').join(' && '))],
    ['conditions', when(`${'if true then true else '.repeat(300)}true`)],
    ['sums', when(`${Array(400).fill('1').join('+')} > 0`)],
    ['accesses', when(`context${'.a'.repeat(400)} == 1`)],
    ['negations', when(`${'!'.repeat(400)}true`)],
    ['text', `// ${'x'.repeat(9_000)}`],
  ])('refuses too many %s before the engine sees them', (_what, text) => {
    const generation = sandbox.generation;
    expect(check(text)[0]?.message).toMatch(/more than|longer than/);
    expect(sandbox.generation).toBe(generation);
  });

  it('gives the engine what is as complex as may be', () => {
    const generation = sandbox.generation;
    const deep = `${'('.repeat(22)}${Array(40).fill('context.recipients > 1').join(' && ')}${')'.repeat(22)}`;
    expect(check(when(deep))).toEqual([]);
    expect(sandbox.generation).toBe(generation);
  });

  it('goes on with another sandbox when one is broken', () => {
    expect(() =>
      sandbox.run(() => {
        throw new Error('memory access out of bounds');
      }),
    ).toThrow('memory');
    expect(check(when('true'))).toEqual([]);
  });
});
