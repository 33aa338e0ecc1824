import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalHash, canonicalJson } from './canonical-json.js';

describe('canonical JSON', () => {
  it('is the example of RFC 8785, section 3.2.3: keys by UTF-16 code unit', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = [...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map((match) => match[1]);
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it('is the example of RFC 8785, section 3.2.2: numbers, escapes and literals', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(JSON.parse(text))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  // RFC 8785, appendix B: IEEE 754 bits and their text.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number with the bits %s as %s', (bits, text) => {
    expect(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  it('does not depend on the order in which keys were set', () => {
    expect(canonicalHash({ a: 1, b: [{ d: 1, c: 2 }] })).toBe(canonicalHash({ b: [{ c: 2, d: 1 }], a: 1 }));
    expect(canonicalHash({ a: [1, 2] })).not.toBe(canonicalHash({ a: [2, 1] }));
  });

  it('is hashed as UTF-8 by SHA-256', () => {
    // The SHA-256 of the two bytes `{}`.
    expect(canonicalHash({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    expect(canonicalHash('é')).toBe(
      createHash('sha256').update(Buffer.from('22c3a922', 'hex')).digest('hex'),
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['undefined', { a: [undefined] }, /^\$\.a\[0\]: undefined/],
    ['a function', { a: () => 1 }, /^\$\.a: function/],
    ['a bigint', { a: 1n }, /^\$\.a: bigint/],
    ['NaN', [Number.NaN], /^\$\[0\]: NaN/],
    ['infinity', -Infinity, /^\$: -Infinity/],
    ['half a surrogate pair', { a: '\ud800' }, /^\$\.a: lone surrogate/],
    ['half a surrogate pair in a key', { '\udc00': 1 }, /lone surrogate/],
    // oxlint-disable-next-line eslint/no-sparse-arrays
    ['a hole', [1, , 2], /^\$\[1\]: hole/],
    ['a date', { at: new Date(0) }, /^\$\.at: only plain objects/],
    ['a map', new Map(), /only plain objects/],
    ['a symbol key', { [Symbol('s')]: 1 }, /symbol key/],
    ['its own toJSON', { toJSON: () => 1 }, /toJSON/],
  ])('refuses %s and says where', (_what, value, message) => {
    expect(() => canonicalJson(value)).toThrow(message);
  });
});
