import type { PolicyDecision } from '../../../compliance/policy/policy-decisions.service.js';
import { type PolicyRequest, timeOf } from '../../../compliance/policy/policy-request.js';
import { canonicalHash } from '../../../kernel/canonical-json.js';

/** A decision as it was recorded, whole or by its digest. */
export interface RecordedRow {
  /** Null for a start that was denied. */
  readonly runId: string | null;
  readonly at: Date;
  /** As stored: trusted as little as anything stored. */
  readonly decision: unknown;
}

/** That messages might leave, of which the trail keeps the digest of the question. */
export interface PreparedRow extends RecordedRow {
  readonly runId: string;
}

/** A recorded decision that can be asked again. */
export interface ReplayableDecision {
  readonly runId: string | null;
  readonly at: Date;
  readonly version: string;
  readonly result: PolicyDecision['result'];
  readonly policies: readonly string[];
  readonly request: PolicyRequest;
}

/** Reads a recorded decision; undefined for one that is not what its digest was made of, or of another tenant. */
export function readDecision(tenantId: string, { runId, at, decision }: RecordedRow) {
  const { version, digest, result, policies, request } = (decision ?? {}) as Partial<PolicyDecision>;
  if (typeof version !== 'string' || !isResult(result) || !isTexts(policies)) return undefined;
  if (request?.run?.tenantId !== tenantId || digestOf(request) !== digest) return undefined;
  return { runId, at, version, result, policies, request } satisfies ReplayableDecision;
}

/**
 * The question whether messages may leave, made again from that of entering DELIVERY, which was asked of the same facts
 * a moment before. Undefined where the digest on record says that something was different.
 */
export function deliveryAsked(
  entering: ReplayableDecision,
  { runId, at, decision }: PreparedRow,
): ReplayableDecision | undefined {
  const { version, digest, policyVersion, result } = (decision ?? {}) as Record<string, unknown>;
  const recorded = typeof version === 'string' ? version : policyVersion;
  if (typeof recorded !== 'string' || !isResult(result)) return undefined;
  const request = [timeOf(at), entering.request.known.time]
    .map((time) => askedOnDelivery(entering.request, time))
    .find((candidate) => digestOf(candidate) === digest);
  return request && { runId, at, version: recorded, result, policies: [], request };
}

function askedOnDelivery(
  { principal, run, known: { consent: _asked, ...known } }: PolicyRequest,
  time: PolicyRequest['known']['time'],
): PolicyRequest {
  return { action: 'deliver', principal, run: { ...run, phase: 'DELIVERY' }, known: { ...known, time } };
}

function isResult(value: unknown): value is PolicyDecision['result'] {
  return value === 'allow' || value === 'deny' || value === 'failure';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function digestOf(request: unknown): string | undefined {
  try {
    return canonicalHash(request);
  } catch {
    return undefined;
  }
}
