import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { newId } from '../../kernel/ids.js';
import { type AuditRecord, buildAuditRecord, hashLeaf } from './audit-leaf.js';
import { AuditVerifier } from './audit-verifier.js';
import type { AuditRow } from './audit.repository.js';
import { RetiredPlaces } from './retired-places.js';

const TENANT = newId();
const RUN = newId();
const NOTHING_RETIRED = new RetiredPlaces([]);

/** The rows of a run of so many events, as the database gives them. */
function chain(length: number): AuditRow[] {
  const rows: AuditRow[] = [];
  for (let seq = 0; seq < length; seq++) {
    const record = buildAuditRecord(
      TENANT,
      { type: 'workflow.transition', outcome: 'success', actor: { type: 'system', ref: 'engine' } },
      new Date(1_700_000_000_000 + seq),
      { runId: RUN, seq, head: rows.at(-1)?.leaf_hash ?? null, phase: 'GENERATION' },
    );
    rows.push(rowOf(record));
  }
  return rows;
}

function rowOf(record: AuditRecord): AuditRow {
  return {
    id: record.id,
    type: record.type,
    outcome: record.outcome,
    occurred_at: record.occurredAt,
    actor_type: record.actor.type,
    actor_ref: record.actor.ref,
    session_id: record.sessionId,
    run_id: record.run?.id ?? null,
    run_seq: record.run?.seq ?? null,
    run_prev: record.run?.prev ?? null,
    leaf: record.leaf,
    leaf_hash: record.leafHash,
  };
}

function verify(rows: readonly (AuditRow | undefined)[]): AuditVerifier {
  const verifier = new AuditVerifier(NOTHING_RETIRED);
  for (const row of rows) verifier.check({ eventId: row?.id ?? 'gone' }, TENANT, row);
  return verifier;
}

const reasonsOf = (verifier: AuditVerifier) => verifier.faults.map((fault) => fault.reason);

/** A row with one event replaced by a changed one. */
function changed(index: number, change: (row: AuditRow) => AuditRow): AuditRow[] {
  return chain(3).map((row, at) => (at === index ? change(row) : row));
}

/** The leaf written again with a hash that fits, as somebody would who knows how. */
function rewritten(row: AuditRow, edit: (leaf: Record<string, unknown>) => object): AuditRow {
  const leaf = Buffer.from(
    canonicalJson(edit(JSON.parse(row.leaf.toString('utf8')) as Record<string, unknown>)),
  );
  return { ...row, leaf, leaf_hash: hashLeaf(leaf) };
}

describe('a trail', () => {
  it('that nobody touched has no fault', () => {
    const verifier = verify(chain(5));
    expect(verifier.faults).toEqual([]);
    expect(verifier.checkedEvents).toBe(5);
  });

  it('of a run that has recorded nothing has no fault', () => {
    expect(verify([]).faults).toEqual([]);
  });

  it('may lack what retention has removed, and no more', () => {
    const verifier = new AuditVerifier(new RetiredPlaces(['{[0,2)}']));
    const [, , third] = chain(3);
    verifier.check({ eventId: 'dropped', index: 0 }, TENANT, undefined);
    verifier.check({ eventId: 'dropped', index: 1 }, TENANT, undefined);
    verifier.check({ eventId: third?.id ?? '', index: 2 }, TENANT, third);
    expect(verifier.faults).toEqual([]);
    verifier.check({ eventId: 'gone', index: 3 }, TENANT, undefined);
    expect(reasonsOf(verifier)).toEqual(['event_missing']);
  });

  it('is followed from an event that was checked before', () => {
    const [first, second, third] = chain(3) as [AuditRow, AuditRow, AuditRow];
    const { chains } = new AuditVerifier(NOTHING_RETIRED);
    expect(chains.unknown([second, third])).toEqual([{ runId: RUN, seq: 1 }]);
    chains.learn({ runId: RUN, seq: 1 }, first.leaf_hash);
    expect(chains.follow(second)).toBeUndefined();
    expect(chains.follow(third)).toBeUndefined();
    expect(chains.unknown([third])).toEqual([]);
  });
});

describe('the verifier finds', () => {
  it('an event that is gone, and the gap in its chain', () => {
    const rows: (AuditRow | undefined)[] = chain(3);
    expect(reasonsOf(verify(rows.with(1, undefined)))).toEqual(['event_missing', 'chain_broken']);
  });

  it('a leaf that was changed', () => {
    const rows = changed(1, (row) => ({
      ...row,
      leaf: Buffer.from(row.leaf.toString('utf8').replace('success', 'failure')),
    }));
    expect(reasonsOf(verify(rows))).toContain('leaf_hash_differs');
  });

  it('a leaf that was changed and hashed again: the next event still names the old one', () => {
    const rows = changed(1, (row) => ({
      ...rewritten(row, (leaf) => ({ ...leaf, outcome: 'failure' })),
      outcome: 'failure',
    }));
    const [fault] = verify(rows).faults;
    expect(fault).toMatchObject({ reason: 'chain_broken', eventId: rows[2]?.id, runId: RUN });
  });

  it('a leaf that was changed and hashed again after it was sealed', () => {
    const [row] = chain(1) as [AuditRow];
    const verifier = new AuditVerifier(NOTHING_RETIRED);
    const other = { ...rewritten(row, (leaf) => ({ ...leaf, outcome: 'failure' })), outcome: 'failure' };
    verifier.check({ eventId: row.id, index: 0, sealedHash: row.leaf_hash }, TENANT, other);
    expect(reasonsOf(verifier)).toEqual(['sealed_hash_differs']);
  });

  it('events that changed places', () => {
    const [first, second, third] = chain(3);
    expect(reasonsOf(verify([first, third, second]))).toContain('chain_broken');
  });

  it('a leaf that is not canonical, even with a hash that fits', () => {
    const rows = changed(2, (row) => {
      const leaf = Buffer.from(` ${row.leaf.toString('utf8')}`);
      return { ...row, leaf, leaf_hash: hashLeaf(leaf) };
    });
    expect(reasonsOf(verify(rows))).toContain('leaf_not_canonical');
  });

  it.each(['{', '', 'null', 'false', '0', '""'])('a leaf that is no object: %s', (text) => {
    const leaf = Buffer.from(text);
    const rows = changed(2, (row) => ({ ...row, leaf, leaf_hash: hashLeaf(leaf) }));
    expect(reasonsOf(verify(rows))).toContain('leaf_not_canonical');
  });

  it.each<[string, Partial<AuditRow>]>([
    ['id', { id: newId() }],
    ['type', { type: 'session.created' }],
    ['outcome', { outcome: 'denied' }],
    ['occurred_at', { occurred_at: new Date(0) }],
    ['actor_type', { actor_type: 'user' }],
    ['actor_ref', { actor_ref: 'somebody else' }],
    ['session_id', { session_id: newId() }],
    ['run_id', { run_id: newId() }],
    ['run_seq', { run_seq: 7 }],
    ['run_prev', { run_prev: Buffer.alloc(32) }],
  ])('a column %s that is not what the leaf says', (column, change) => {
    const { faults } = verify(changed(1, (row) => ({ ...row, ...change })));
    expect(faults).toContainEqual(
      expect.objectContaining({
        reason: 'projection_differs',
        message: expect.stringContaining(`column ${column} `),
      }),
    );
  });

  it('an event of another tenant', () => {
    const verifier = new AuditVerifier(NOTHING_RETIRED);
    const [row] = chain(1);
    verifier.check({ eventId: row?.id ?? '' }, newId(), row);
    expect(reasonsOf(verifier)).toEqual(['projection_differs']);
  });

  it('no more than a hundred faults, the first of them first', () => {
    const verifier = new AuditVerifier(NOTHING_RETIRED);
    for (let index = 0; index < 150; index++) verifier.check({ eventId: `gone-${index}` }, TENANT, undefined);
    expect(verifier.faults).toHaveLength(100);
    expect(verifier.faults[0]?.eventId).toBe('gone-0');
  });
});
