import { createHash, randomFillSync } from 'node:crypto';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { newId } from '../../kernel/ids.js';
import type { AuditMember, DetailKind, DetailValues } from './audit-event-kind.js';
import type { AUDIT_EVENT_TYPES, AuditEventType } from './audit-event-types.js';
import { requireSchema } from './audit-schema.js';

export type AuditOutcome = 'success' | 'failure' | 'denied' | 'unknown';

/** Who did it. `ref` is a random id, never a name or an address. */
export interface AuditActor {
  readonly type: 'user' | 'agent' | 'service' | 'system' | 'apiKey';
  readonly ref: string;
  /** Id of the principal for whom somebody else acted. */
  readonly onBehalfOf?: string;
  /** How the actor was told: the method of authentication. */
  readonly assurance?: string;
}

export interface AuditTarget {
  readonly type: string;
  readonly ref: string;
}

/** A commitment to a personal value that stands sealed elsewhere: its path, its subject, HMAC-SHA-256 over it. */
interface AuditCommitment {
  readonly f: string;
  readonly s: string;
  readonly c: string;
}

/** The members that only some types carry; which ones says the registry. */
interface AuditMembers {
  readonly change: { readonly from?: string; readonly to?: string };
  readonly model: {
    readonly provider: string;
    readonly name: string;
    readonly version?: string;
    readonly promptVersion?: string;
    readonly inputTokens: number;
    readonly outputTokens: number;
    /** Decimal text, because canonical numbers are binary. */
    readonly costUsd: string;
  };
  readonly oversight: {
    readonly decision: string;
    /** SHA-256 of what the person was shown. */
    readonly shown: string;
    /** How long they had it before them. */
    readonly seconds?: number;
  };
  /** What a policy engine said. */
  readonly decision: {
    readonly engine: string;
    readonly policyVersion: string;
    /** Of what it was asked. */
    readonly digest: string;
    readonly result: string;
  };
  /** Ids of events that this one belongs to. */
  readonly links: { readonly intentId?: string };
  readonly sealed: readonly AuditCommitment[];
}

interface EveryFact {
  /** A new UUID of version 7, where it has to be known before the event is written: others will name it. */
  readonly id?: string;
  readonly outcome: AuditOutcome;
  readonly actor: AuditActor;
  readonly targets?: readonly AuditTarget[];
  /** Error code of the catalogue, or the rule that denied. */
  readonly code?: string;
  readonly context?: { readonly requestId?: string; readonly traceId?: string };
  readonly sessionId?: string;
}

type KindOf<T extends AuditEventType> = (typeof AUDIT_EVENT_TYPES)[T];
type MembersOf<T extends AuditEventType> =
  KindOf<T> extends { readonly members: readonly (infer M)[] } ? M : never;

/** The detail that a type may carry. */
export type AuditDetail<T extends AuditEventType> =
  KindOf<T> extends { readonly detail: infer D extends Readonly<Record<string, DetailKind>> }
    ? { readonly [F in keyof D]?: DetailValues[D[F]] }
    : undefined;

/** What is to be recorded as a type. Ids, codes, counts and hashes only: personal data never stands in a leaf. */
export type AuditFactOf<T extends AuditEventType> = T extends AuditEventType
  ? EveryFact & {
      readonly [M in AuditMember]?: M extends MembersOf<T> ? AuditMembers[M] : undefined;
    } & { readonly type: T; readonly detail?: AuditDetail<T> }
  : never;

/** What is to be recorded, as any type. */
export type AuditFact = AuditFactOf<AuditEventType>;

/** A type with its detail, where the rest of the fact is made elsewhere. */
export type AuditNote<T extends AuditEventType> = T extends AuditEventType
  ? Pick<AuditFactOf<T>, 'type' | 'detail'>
  : never;

/** The chain of one run, as far as it is written: each event names the one before it. */
export interface RunChain {
  readonly runId: string;
  /** Number of events written; 0 = none. */
  readonly seq: number;
  /** Leaf hash of the newest event. */
  readonly head: Buffer | null;
  readonly phase: string;
}

/** An event ready to be inserted: the leaf's exact bytes, their hash, and projections for queries. */
export interface AuditRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly type: AuditEventType;
  readonly outcome: AuditOutcome;
  readonly occurredAt: Date;
  readonly actor: AuditActor;
  readonly sessionId: string | null;
  readonly run: { readonly id: string; readonly seq: number; readonly prev: Buffer | null } | null;
  /** What the event is about: the run of a run's event, else its first target, else its actor. */
  readonly subject: string;
  readonly leaf: Buffer;
  readonly leafHash: Buffer;
}

const MAX_LEAF_BYTES = 16_384;

/**
 * Builds the leaf of a fact: canonical JSON (RFC 8785), hashed as RFC 6962 asks.
 *
 * @throws TypeError when the fact holds what its type does not carry or what has no canonical form, RangeError when the
 *   leaf would exceed 16 KiB.
 */
export function buildAuditRecord(
  tenantId: string,
  fact: AuditFact,
  occurredAt: Date,
  chain?: RunChain,
): AuditRecord {
  const { stage } = requireSchema(fact);
  const id = fact.id ?? newId();
  const run = chain ? { id: chain.runId, seq: chain.seq + 1, prev: chain.head } : null;
  const leaf = Buffer.from(
    canonicalJson(
      withoutUndefined({
        v: 1,
        id,
        log: tenantId,
        type: fact.type,
        stage,
        outcome: fact.outcome,
        code: fact.code,
        occurredAt: occurredAt.toISOString(),
        actor: withoutUndefined(fact.actor),
        targets: fact.targets,
        run: run &&
          chain && { id: run.id, seq: run.seq, prev: run.prev?.toString('hex') ?? null, phase: chain.phase },
        change: fact.change && withoutUndefined(fact.change),
        decision: fact.decision,
        model: fact.model && withoutUndefined(fact.model),
        oversight: fact.oversight && withoutUndefined(fact.oversight),
        links: fact.links && withoutUndefined(fact.links),
        session: fact.sessionId,
        context: fact.context && withoutUndefined(fact.context),
        detail: fact.detail && withoutUndefined(fact.detail),
        sealed: fact.sealed ?? [],
        // Keeps a leaf hash from being guessed back to its content.
        nonce: nonce(),
      }),
    ),
    'utf8',
  );
  if (leaf.length > MAX_LEAF_BYTES) throw new RangeError(`audit leaf of ${leaf.length} bytes`);
  return {
    id,
    tenantId,
    type: fact.type,
    outcome: fact.outcome,
    occurredAt,
    actor: fact.actor,
    sessionId: fact.sessionId ?? null,
    run,
    subject: run?.id ?? fact.targets?.[0]?.ref ?? fact.actor.ref,
    leaf,
    leafHash: hashLeaf(leaf),
  };
}

/** SHA-256(0x00 ‖ leaf), RFC 6962 §2.1. */
export function hashLeaf(leaf: Buffer): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(leaf).digest();
}

const LEAF_PREFIX = Buffer.of(0);

const NONCE_BYTES = 16;
/** Randomness for many nonces at once: asking for it costs more than what comes. */
const randomness = Buffer.alloc(NONCE_BYTES * 256);
let used = randomness.length;

/** 128 random bits, each used once. */
function nonce(): string {
  if (used === randomness.length) {
    randomFillSync(randomness);
    used = 0;
  }
  return randomness.toString('base64url', used, (used += NONCE_BYTES));
}

/** Absent members have no place in canonical JSON; null means something else. */
function withoutUndefined(object: object): Record<string, unknown> {
  const present: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    if (value !== undefined && value !== null) present[key] = value;
  }
  return present;
}
