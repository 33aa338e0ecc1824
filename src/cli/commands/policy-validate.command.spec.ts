import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeContext } from '../../../test/harness/command-context.fake.js';
import { runCli } from '../run-cli.js';

const GOOD = 'forbid (principal, action, resource)\nwhen { context.recipients > 500 };';

describe('policy validate', () => {
  let folder: string;
  let context: FakeContext;
  const validate = (...args: string[]) => runCli(['policy', 'validate', ...args], context);
  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'policies-'));
    context = new FakeContext();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('takes what the server would take', async () => {
    expect(await validate(put('few.cedar', GOOD)), context.err).toBe(0);
    expect(context.out).toContain('The policy is valid.');
    put('none.cedar', GOOD.replace('500', '0'));
    expect(await validate(folder)).toBe(0);
    expect(context.out).toContain('All 2 policies are valid.');
  });

  it('takes what is built in', async () => {
    expect(await validate('config/policies'), context.err).toBe(0);
  });

  it('says of every fault where it stands', async () => {
    put('few.cedar', GOOD);
    const syntax = put('syntax.cedar', 'permit (principal, action, resource)\nwhen { 1 + };');
    const types = put('types.cedar', GOOD.replace('500', '"many"'));
    expect(await validate(folder)).toBe(1);
    const lines = context.err.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(new RegExp(`^${syntax}:2:\\d+: .*unexpected`));
    expect(lines[1]).toMatch(new RegExp(`^${types}:2:\\d+: `));
  });

  it('refuses an id that the server would refuse', async () => {
    expect(await validate(put('Not_An_Id.cedar', GOOD))).toBe(1);
    expect(context.err).toContain('must have ids of lower-case letters');
  });

  it('tells what cannot be read from what is not valid', async () => {
    expect(await validate(join(folder, 'absent.cedar'))).toBe(2);
    expect(await validate(folder)).toBe(2);
    expect(await validate()).toBe(2);
    expect(await validate(put('few.cedar', GOOD), '--schema', join(folder, 'absent'))).toBe(2);
  });
});
