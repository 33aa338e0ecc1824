import fc from 'fast-check';

/** What may stand in a JSON document that somebody else has written. */
export const foreignJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      '0',
      '1',
      'true',
      '\ud800',
      '\u0000',
      '-1',
      -1,
      0.5,
      1e308,
      Number.MAX_SAFE_INTEGER + 2,
      JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
      { length: 1e9 },
      { toString: 'no function', valueOf: 7 },
      'x'.repeat(20_000),
      nested(500),
      [null, [null]],
      [{}, [], ''],
    ),
  },
);

/** The same, and what no JSON can hold. */
export const foreignValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: foreignJson },
  {
    weight: 4,
    arbitrary: fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      undefined,
      null,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      10n,
      Symbol('foreign'),
      () => 0,
      new Date(Number.NaN),
      cyclic(),
    ),
  },
);

function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

function cyclic(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  value['status'] = value;
  return value;
}

/** Throws at whatever is asked of it. */
export const hostileValue: fc.Arbitrary<unknown> = fc.constant(hostile());

function hostile(): unknown {
  return new Proxy(
    {},
    {
      // What asks by symbols is the test's own machinery.
      get: (_target, key) => (typeof key === 'symbol' ? undefined : refuse()),
      has: (_target, key) => (typeof key === 'symbol' ? false : refuse()),
      ownKeys: refuse,
    },
  );
}

function refuse(): never {
  throw new Error('hostile');
}
