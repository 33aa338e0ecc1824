import { describe, expect, it } from 'vitest';
import { checkRow } from './start-row.js';

const SESSION = '01a1fe30-425e-7739-aa42-cfa849469c7f';
const SAID = { sessionId: SESSION, definition: 'email-campaign' };
const NOTHING_SAID = { sessionId: null, definition: null };

function nested(depth: number): object {
  let value: object = {};
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}

/** The paths that are wrong. */
function faultsOf(value: unknown, defaults: Parameters<typeof checkRow>[1] = SAID): string[] | undefined {
  const checked = checkRow(value, defaults);
  return 'fault' in checked ? checked.fault.errors?.map(({ path }) => path) : undefined;
}

describe('a row of an upload', () => {
  it('needs an input, and says the rest unless the batch does', () => {
    expect(faultsOf({ input: {} })).toBeUndefined();
    const whole = {
      input: { a: 1 },
      definition: 'x',
      version: 2,
      sessionId: SESSION,
      attributes: { crm: '7' },
      idempotencyKey: 'key-1',
    };
    expect(checkRow(whole, NOTHING_SAID)).toEqual({ row: whole });
    expect(faultsOf({ input: {} }, NOTHING_SAID)).toEqual(['definition', 'sessionId']);
  });

  it.each([
    ['nothing', null, ['']],
    ['a list', [], ['']],
    ['a row without input', {}, ['input']],
    ['an input that is a list', { input: [] }, ['input']],
    ['unknown fields', { input: {}, recipients: [] }, ['recipients']],
    ['a personal name of a field', { input: {}, 'ada@example.org': 1 }, ['[field]']],
    ['a session that is no id', { input: {}, sessionId: 'x' }, ['sessionId']],
    ['a version that is no number', { input: {}, version: '2' }, ['version']],
    ['attributes that are not texts', { input: {}, attributes: { a: 1 } }, ['attributes']],
    ['an impossible key', { input: {}, idempotencyKey: 'a b' }, ['idempotencyKey']],
    ['U+0000', { input: { a: '\0' } }, ['']],
    ['half a surrogate pair', { input: { a: '\ud800' } }, ['']],
    ['a document that is too deep', { input: nested(200) }, ['']],
    ['a forbidden name', JSON.parse('{"input":{"__proto__":{"a":1}}}'), ['']],
  ])('is refused with %s', (_what, value, paths) => {
    expect(faultsOf(value)).toEqual(paths);
  });

  it('is refused without its values being repeated', () => {
    const { fault } = checkRow({ input: 'Ada Example', sessionId: 'ada@example.org' }, SAID) as {
      fault: object;
    };
    expect(JSON.stringify(fault)).not.toMatch(/ada/i);
  });
});
