import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { floorsOf, tableOf } from '../../bench/audit/floors.mjs';

const PROOFS = {
  leaves: 1_000_000,
  timesMs: [1, 2, 3],
  bytes: 640,
  checkMs: 0.02,
  offlineCheckMs: 0.02,
  fillSeconds: 30,
};

describe('the floors of the audit trail', () => {
  it('are kept by figures on their right side', () => {
    const exported = { events: 100_000, verifySeconds: 2, exportSeconds: 5 };
    const floors = floorsOf({ proofs: PROOFS, exported });
    expect(floors.map(({ holds }) => holds)).toEqual([true, true, true, true, true]);
    expect(tableOf(floors)).not.toContain('DOES NOT HOLD');
  });

  it('are said not to hold by figures beyond them', () => {
    const exported = { events: 100_000, verifySeconds: 2.01, exportSeconds: 5 };
    const floors = floorsOf({ proofs: { ...PROOFS, bytes: 672, timesMs: [1, 6, 6] }, exported });
    expect(floors.filter(({ holds }) => !holds).map(({ measured }) => Math.floor(measured))).toEqual([
      6, 672, 49_751,
    ]);
    expect(tableOf(floors).match(/DOES NOT HOLD/g)).toHaveLength(3);
  });

  it('compare the same change with and without its record, and one tenant with many', () => {
    const setup = { bare: 1_000, audited: 800, addedP50Ms: 0.2 };
    const hot = { ...setup, audited: 700 };
    const setups = { '1/many': setup, '8/many': setup, '8/hot': hot, '32/many': setup, '32/hot': setup };
    const floors = floorsOf({ appends: { setups, sealLagsMs: [100] } });
    expect(floors.filter(({ holds }) => !holds).map(({ what, measured }) => [what, measured])).toEqual([
      ['audited change to bare one, 8 clients, one tenant', 70],
      ['one tenant to a tenant each, 8 clients', 87.5],
    ]);
  });
});

describe('the clocks around the compliance path', () => {
  const source = readFileSync('bench/audit/measured-server.mjs', 'utf8');
  const paths = new Map(
    [...source.matchAll(/import \{ (\w+) \} from '(?:\.\.\/)+dist\/([^']+)\.js'/g)].map(
      ([, name = '', path]) => [name, path],
    ),
  );
  const measured = [...source.matchAll(/measure\((\w+), '(\w+)'/g)].map(([, name, method]) => ({
    name,
    method,
  }));

  it.each(measured)('stand around $name.$method, which is there', ({ name = '', method = '' }) => {
    const room = readFileSync(`src/${paths.get(name)}.ts`, 'utf8');
    expect(room).toMatch(new RegExp(`class ${name}\\b[^]*\\n  (private )?(async )?${method}\\(`));
  });

  it('stand around more than one thing', () => expect(measured.length).toBeGreaterThan(1));
});
