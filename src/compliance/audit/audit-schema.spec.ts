import { describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.js';
import { AUDIT_EVENT_TYPES } from './audit-event-types.js';
import { type AuditFact, buildAuditRecord } from './audit-leaf.js';
import { requireSchema } from './audit-schema.js';
import { RETENTION_CLASSES } from './retention-class.js';

const BATCH = {
  type: 'batch.received',
  outcome: 'success',
  actor: { type: 'system', ref: 'bulk' },
} as const;

const DENIED = { ...BATCH, type: 'auth.denied' } as const;
const SIGNAL = { ...BATCH, type: 'workflow.signal_received' } as const;
const WAIT = { ...BATCH, type: 'workflow.wait_ended' } as const;
const FIRE = { ...BATCH, type: 'schedule.fired' } as const;

/** A fact as a caller without types could make it. */
function withDetail(detail: unknown): AuditFact {
  return { ...BATCH, detail } as AuditFact;
}

describe('the closed schema of audit events', () => {
  it('takes the fields of the type, and an absent one for absent', () => {
    expect(requireSchema(withDetail({ rows: 3, invalid: undefined }))).toBe(
      AUDIT_EVENT_TYPES['batch.received'],
    );
  });

  it('does not compile for a field or member of another type', () => {
    // @ts-expect-error -- a batch has no route
    const field: AuditFact = { ...BATCH, detail: { route: '/' } };
    // @ts-expect-error -- nobody oversees an upload
    const member: AuditFact = { ...BATCH, oversight: { decision: 'approve', shown: 'ab'.repeat(32) } };
    // @ts-expect-error -- there is no such type
    const type: AuditFact = { ...BATCH, type: 'batch.eaten' };
    for (const fact of [field, member, type]) expect(() => requireSchema(fact)).toThrow(TypeError);
  });

  it('is not fooled by what every object has', () => {
    expect(() => requireSchema({ ...BATCH, type: 'constructor' } as unknown as AuditFact)).toThrow(TypeError);
    expect(() => requireSchema(withDetail({ toString: 1 }))).toThrow(TypeError);
  });

  it.each<[string, unknown]>([
    ['no safe integer', { rows: 2 ** 53 }],
    ['a fraction', { rows: 0.5 }],
    ['NaN', { rows: Number.NaN }],
    ['a number below zero', { rows: -1 }],
    ['a count in words', { rows: 'three' }],
    ['null', { rows: null }],
    ['a bigint', { rows: 3n }],
    ['a Date', new Date()],
    ['a Map', new Map([['rows', 1]])],
    ['an object with a symbol', { rows: 1, [Symbol('x')]: 1 }],
    ['an object that writes itself', { rows: 1, toJSON: () => ({}) }],
  ])('refuses %s in place of a count', (_what, detail) => {
    expect(() => requireSchema(withDetail(detail))).toThrow(TypeError);
  });

  it.each<[string, AuditFact]>([
    ['a lone surrogate', { ...DENIED, detail: { method: 'GET', route: '/\ud800' } }],
    ['a line break', { ...DENIED, detail: { method: 'GET\nX' } }],
    ['a text without end', { ...DENIED, detail: { route: '/'.repeat(3_000) } }],
    ['an id that is none', { ...SIGNAL, detail: { signalId: 'ada@example.com' } }],
    ['a hash that is none', { ...WAIT, detail: { output: 'not hashed at all' } }],
    ['a time in another form', { ...FIRE, detail: { fireAt: '1 March 2026' } }],
    ['a target with a name', { ...DENIED, targets: [{ type: 'x', ref: 'y', name: 'Ada' } as never] }],
  ])('refuses %s', (_what, fact) => {
    expect(() => requireSchema(fact)).toThrow(TypeError);
  });

  it('names the place of a fault, never the value', () => {
    expect(() => requireSchema(withDetail({ rows: 'ada@example.com' }))).toThrow(/^(?!.*ada).*detail\.rows/);
  });

  it('keeps what it refuses out of the trail', () => {
    expect(() => buildAuditRecord(newId(), withDetail({ rows: 1, who: 'Ada' }), new Date())).toThrow(
      TypeError,
    );
  });

  it('gives every type a meaning and a retention class', () => {
    for (const [type, kind] of Object.entries(AUDIT_EVENT_TYPES)) {
      expect(type).toMatch(/^[a-z_]+\.[a-z_]+$/);
      expect(kind.meaning, type).toMatch(/^[A-Z].{10,}\.$/);
      expect(Object.keys(RETENTION_CLASSES)).toContain(kind.class);
    }
  });
});
