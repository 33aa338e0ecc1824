import type { AuditEventKind, DetailKind } from './audit-event-kind.js';
import { AUDIT_EVENT_TYPES } from './audit-event-types.js';
import type { AuditFact } from './audit-leaf.js';

type Fields = Readonly<Record<string, DetailKind>>;

/** Members that every type may carry. */
const EVERY_TYPE = new Set([
  'id',
  'type',
  'outcome',
  'actor',
  'targets',
  'code',
  'context',
  'sessionId',
  'detail',
]);

/** What stands in the members that are objects. */
const MEMBERS: Readonly<Record<string, Fields>> = {
  actor: { type: 'text', ref: 'text', onBehalfOf: 'text', assurance: 'text' },
  change: { from: 'text', to: 'text' },
  context: { requestId: 'text', traceId: 'text' },
  decision: { engine: 'text', policyVersion: 'text', digest: 'text', result: 'text' },
  links: { intentId: 'id' },
  model: {
    provider: 'text',
    name: 'text',
    version: 'text',
    promptVersion: 'text',
    inputTokens: 'count',
    outputTokens: 'count',
    costUsd: 'text',
  },
  oversight: { decision: 'text', shown: 'hash', seconds: 'count' },
};
const TARGET: Fields = { type: 'text', ref: 'text' };
const COMMITMENT: Fields = { f: 'text', s: 'text', c: 'text' };
const NO_FIELDS: Fields = {};

/**
 * Holds a fact against the closed schema of its type, before anything of it is hashed: what the type does not carry,
 * and what has another form than its kind, is refused rather than dropped or rewritten.
 *
 * @throws TypeError that names the place, never the value.
 */
export function requireSchema(fact: AuditFact): AuditEventKind {
  if (!Object.hasOwn(AUDIT_EVENT_TYPES, fact.type)) throw new TypeError('unknown type of audit event');
  const kind: AuditEventKind = AUDIT_EVENT_TYPES[fact.type];
  for (const [member, value] of Object.entries(fact)) {
    if (value === undefined) continue;
    if (!EVERY_TYPE.has(member) && !kind.members?.includes(member as 'change')) {
      throw new TypeError(`${fact.type} carries no ${member}`);
    }
    const fields = MEMBERS[member];
    if (fields) requireFields(fact.type, member, value as object, fields);
  }
  if (fact.id !== undefined) requireFields(fact.type, 'event', { id: fact.id }, { id: 'id' });
  if (fact.detail) requireFields(fact.type, 'detail', fact.detail, kind.detail ?? NO_FIELDS);
  for (const target of fact.targets ?? []) requireFields(fact.type, 'targets', target, TARGET);
  for (const sealed of fact.sealed ?? []) requireFields(fact.type, 'sealed', sealed, COMMITMENT);
  return kind;
}

function requireFields(type: string, member: string, object: object, fields: Fields): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${type}: ${member} is no plain object`);
  }
  if (Object.getOwnPropertySymbols(object).length > 0) throw new TypeError(`${type}: ${member} has a symbol`);
  for (const [field, value] of Object.entries(object)) {
    const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (!kind) throw new TypeError(`${type} carries no ${member}.${field}`);
    if (value !== undefined && !isOfKind(kind, value)) {
      throw new TypeError(`${type}: ${member}.${field} is not of the kind "${kind}"`);
    }
  }
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;
const TIME = /^(?:[+-]\d{6}|\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MAX_TEXT = 2_048;
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const CONTROL = /[\u0000-\u001f\u007f]/;

function isOfKind(kind: DetailKind, value: unknown): boolean {
  switch (kind) {
    case 'count':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'flag':
      return typeof value === 'boolean';
    case 'id':
      return typeof value === 'string' && ID.test(value);
    case 'hash':
      return typeof value === 'string' && HASH.test(value);
    case 'time':
      return typeof value === 'string' && TIME.test(value);
    case 'text':
      return (
        typeof value === 'string' && value.length <= MAX_TEXT && value.isWellFormed() && !CONTROL.test(value)
      );
    default:
      return kind satisfies never;
  }
}
