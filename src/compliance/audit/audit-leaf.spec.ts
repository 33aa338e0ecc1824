import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { newId } from '../../kernel/ids.js';
import { type AuditFact, buildAuditRecord, hashLeaf } from './audit-leaf.js';

const TENANT = newId();
const AT = new Date('2026-03-01T12:00:00.123Z');
const FACT: AuditFact = {
  type: 'auth.denied',
  outcome: 'denied',
  actor: { type: 'apiKey', ref: newId() },
  code: 'FORBIDDEN',
};

function leafOf(record: { leaf: Buffer }): Record<string, unknown> {
  return JSON.parse(record.leaf.toString('utf8')) as Record<string, unknown>;
}

describe('an audit leaf', () => {
  it('is canonical JSON with all that was said and nothing that was not', () => {
    const record = buildAuditRecord(TENANT, FACT, AT);
    const leaf = leafOf(record);
    expect(record.leaf.toString('utf8')).toBe(canonicalJson(leaf));
    expect(leaf).toMatchObject({
      v: 1,
      id: record.id,
      log: TENANT,
      type: 'auth.denied',
      outcome: 'denied',
      code: 'FORBIDDEN',
      occurredAt: '2026-03-01T12:00:00.123Z',
      actor: FACT.actor,
    });
    for (const absent of ['run', 'change', 'model', 'session', 'context', 'detail', 'targets']) {
      expect(leaf).not.toHaveProperty(absent);
    }
  });

  it('is hashed with the prefix of leaves', () => {
    const record = buildAuditRecord(TENANT, FACT, AT);
    const expected = createHash('sha256')
      .update(Buffer.concat([Buffer.of(0), record.leaf]))
      .digest();
    expect(record.leafHash).toEqual(expected);
    // RFC 6962, section 2.1: the hash of the empty leaf.
    expect(hashLeaf(Buffer.alloc(0)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  it('cannot be guessed from its content: the same fact never gives the same hash', () => {
    const [one, other] = [buildAuditRecord(TENANT, FACT, AT), buildAuditRecord(TENANT, FACT, AT)];
    expect(leafOf(one)['nonce']).not.toBe(leafOf(other)['nonce']);
    expect(one.leafHash).not.toEqual(other.leafHash);
  });

  it('names the event of its run that came before', () => {
    const runId = newId();
    const first = buildAuditRecord(TENANT, FACT, AT, { runId, seq: 0, head: null, phase: 'REVIEW' });
    const second = buildAuditRecord(TENANT, FACT, AT, {
      runId,
      seq: 1,
      head: first.leafHash,
      phase: 'DELIVERY',
    });
    expect(first.run).toEqual({ id: runId, seq: 1, prev: null });
    expect(second.run).toEqual({ id: runId, seq: 2, prev: first.leafHash });
    expect(leafOf(second)['run']).toEqual({
      id: runId,
      seq: 2,
      prev: first.leafHash.toString('hex'),
      phase: 'DELIVERY',
    });
  });

  it('carries what was decided, shown and answered for', () => {
    const actor = { type: 'apiKey', ref: newId(), onBehalfOf: newId(), assurance: 'api_key' } as const;
    const oversight = { decision: 'approve', shown: 'ab'.repeat(32), seconds: 7 };
    const decided = buildAuditRecord(
      TENANT,
      { type: 'approval.decided', outcome: 'success', actor, oversight },
      AT,
    );
    expect(leafOf(decided)).toMatchObject({ actor, oversight, stage: 'fact' });
    const links = { intentId: newId() };
    const settled = buildAuditRecord(
      TENANT,
      { type: 'delivery.settled', outcome: 'success', actor: FACT.actor, links },
      AT,
    );
    expect(leafOf(settled)).toMatchObject({ links, stage: 'outcome' });
    const announced = buildAuditRecord(
      TENANT,
      { id: links.intentId, type: 'delivery.sending', outcome: 'unknown', actor: FACT.actor },
      AT,
    );
    expect(leafOf(announced)).toMatchObject({ id: links.intentId, stage: 'intent' });
    expect(() => buildAuditRecord(TENANT, { ...FACT, id: 'of no form' }, AT)).toThrow(TypeError);
    const decision = { engine: 'cedar', policyVersion: '3', digest: 'cd'.repeat(32), result: 'deny' };
    const denied = buildAuditRecord(
      TENANT,
      { type: 'workflow.transition_denied', outcome: 'denied', actor: FACT.actor, decision },
      AT,
    );
    expect(leafOf(denied)).toMatchObject({ decision });
  });

  it('refuses to grow beyond 16 KiB', () => {
    const targets = Array.from({ length: 250 }, () => ({ type: 'permission', ref: newId() }));
    expect(() => buildAuditRecord(TENANT, { ...FACT, targets }, AT)).toThrow(RangeError);
  });
});
