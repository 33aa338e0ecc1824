import { describe, expect, it } from 'vitest';
import { sharedVectors } from '../../test/harness/shared-vectors.js';
import { canonicalJson } from './canonical-json.js';

interface Documents {
  readonly cases: readonly {
    readonly name: string;
    readonly inputBase64: string;
    readonly outputHex: string;
  }[];
}
interface Numbers {
  readonly cases: readonly {
    readonly name: string;
    readonly ieee754Hex?: string;
    readonly expected?: string;
  }[];
}

const documents = sharedVectors('audit/jcs-documents.json') as Documents | undefined;
const numbers = sharedVectors('audit/jcs-numbers.json') as Numbers | undefined;
/** Digests of generated sequences stand there too; they have no numbers of their own. */
const samples = numbers?.cases.filter(({ ieee754Hex }) => ieee754Hex !== undefined) ?? [];

describe.runIf(documents)('the published documents of RFC 8785', () => {
  it.each(documents?.cases ?? [])('$name has its canonical form', ({ inputBase64, outputHex }) => {
    const value: unknown = JSON.parse(Buffer.from(inputBase64, 'base64').toString('utf8'));
    expect(Buffer.from(canonicalJson(value), 'utf8').toString('hex')).toBe(outputHex);
  });
});

describe.runIf(numbers)('the published numbers of RFC 8785', () => {
  it.each(samples)('$name has its canonical form', ({ ieee754Hex = '', expected }) => {
    expect(canonicalJson(Buffer.from(ieee754Hex.padStart(16, '0'), 'hex').readDoubleBE())).toBe(expected);
  });
});
