import type { LoadedApproval } from './engine/loaded-run.js';
import { type ApprovalRow, type DecisionRow, delegationsOf } from './review/approval.repository.js';
import type { Run, RunSummary } from './runs/run.js';
import { secondsBetween } from './review/approval-times.js';
import type { DecidedApproval } from './review/review.service.js';
import { EMPTY_CONTEXT, readContext } from './runs/run-context.js';
import { presentContext } from './context.presenter.js';
import { readWaitingFor, signalsAwaited, wakesAt } from './runs/waiting-for.js';
import type { RunRepository } from './runs/run.repository.js';

/** A run in a list, and in the answer to its start. */
export function presentRunSummary(run: RunSummary) {
  return {
    id: run.id,
    definition: run.definition,
    version: run.definitionVersion,
    status: run.status,
    phase: run.phase,
    sessionId: run.sessionId,
    ownerId: run.ownerId,
    attributes: run.attributes,
    degraded: run.degraded,
    classification: run.classification,
    policyVersion: run.policyVersion,
    attempt: run.attempt,
    forkedFrom: run.forkedFromRunId && { runId: run.forkedFromRunId, phase: run.forkedFromPhase },
    createdAt: run.createdAt,
    updatedAt: run.updatedAt,
    completedAt: run.completedAt,
    links: {
      self: `/v1/workflows/${run.id}`,
      history: `/v1/workflows/${run.id}/history`,
      events: `/v1/workflows/${run.id}/events`,
      approvals: `/v1/workflows/${run.id}/approvals`,
      artifacts: `/v1/workflows/${run.id}/artifacts`,
    },
  };
}

/** A run in full. Tokens stand in input and output in place of personal data. */
export function presentRun(
  run: Run,
  input: unknown,
  output: unknown,
  approvals: readonly ReturnType<typeof presentApproval>[],
) {
  return {
    ...presentRunSummary(run),
    input: input ?? null,
    output: output ?? null,
    ...presentContext(readContext(run.context) ?? EMPTY_CONTEXT),
    waitingFor: presentWaitingFor(run),
    deadlineAt: run.deadlineAt,
    approvals,
    usage: { inputTokens: run.inputTokens, outputTokens: run.outputTokens, costUsd: run.costUsd },
  };
}

function presentWaitingFor(run: Run) {
  const waitingFor = readWaitingFor(run.waitingFor);
  if (!waitingFor) return null;
  const { conditions, since } = waitingFor;
  return {
    kind: conditions.length > 1 ? 'any' : conditions[0]?.kind,
    signals: signalsAwaited(waitingFor),
    since,
    until: wakesAt(waitingFor) ?? null,
  };
}

export function presentApproval(approval: ApprovalRow, decisions: readonly DecisionRow[]) {
  return {
    id: approval.id,
    runId: approval.run_id,
    artifactId: approval.artifact_id,
    contentHash: approval.content_hash.toString('hex'),
    /** Binds the artefact, the action and the recipients; delivery computes it again. */
    bindingHash: approval.binding_hash.toString('hex'),
    status: approval.status,
    requesterId: approval.requester_id,
    fourEyes: approval.four_eyes,
    requiredApprovals: approval.required_approvals,
    rejectQuorum: approval.reject_quorum,
    roles: approval.roles,
    delegations: delegationsOf(approval).map(presentDelegation),
    escalatesAt: approval.escalate_at,
    escalatedAt: approval.escalated_at,
    reminded: approval.reminded,
    round: approval.round,
    decisions: decisions
      .filter((decision) => decision.approval_id === approval.id)
      .map((decision) => ({
        actorId: decision.actor_id,
        decision: decision.decision,
        comment: decision.comment ?? undefined,
        decidedAt: decision.decided_at,
        secondsToDecide: secondsBetween(approval.created_at, decision.decided_at),
      })),
    createdAt: approval.created_at,
    expiresAt: approval.expires_at,
  };
}

/** The same of an approval in hand, without a look at the database. */
export function presentDecided({ approval, runId, round, contentHash }: DecidedApproval) {
  return {
    id: approval.id,
    runId,
    artifactId: approval.artifactId,
    contentHash: contentHash.toString('hex'),
    bindingHash: approval.bindingHash.toString('hex'),
    status: approval.status,
    requesterId: approval.requesterId,
    fourEyes: approval.fourEyes,
    requiredApprovals: approval.requiredApprovals,
    rejectQuorum: approval.rejectQuorum,
    roles: approval.roles,
    delegations: approval.delegations.map(presentDelegation),
    escalatesAt: approval.escalateAt,
    escalatedAt: approval.escalatedAt,
    reminded: approval.reminded,
    round,
    decisions: approval.decisions.map(({ actorId, decision, comment, decidedAt }) => ({
      actorId,
      decision,
      comment: comment ?? undefined,
      decidedAt,
      secondsToDecide: secondsBetween(approval.createdAt, decidedAt),
    })),
    createdAt: approval.createdAt,
    expiresAt: approval.expiresAt,
  };
}

function presentDelegation({ reason, ...delegation }: LoadedApproval['delegations'][number]) {
  return { ...delegation, reason: reason ?? undefined };
}

type HistoryRow = Awaited<ReturnType<RunRepository['history']>>[number];

export function presentHistory(row: HistoryRow) {
  return {
    seq: row.seq,
    kind: row.kind,
    phase: row.phase,
    agent: row.agent ?? undefined,
    attempt: row.attempt,
    // A step taken over is complete, so that it is never executed again; to people it is told apart.
    status: isReplayed(row) ? 'replayed' : row.status,
    from: row.from_phase ?? undefined,
    to: row.to_phase ?? undefined,
    durationMs: row.ended_at.getTime() - row.started_at.getTime(),
    usage: row.usage ?? undefined,
    degraded: row.degraded,
    detail: row.detail ?? undefined,
    output: row.output ?? undefined,
    outputHash: row.output_hash?.toString('hex'),
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

function isReplayed({ kind, detail }: HistoryRow): boolean {
  return kind === 'step' && (detail as { replayedFrom?: unknown } | null)?.replayedFrom !== undefined;
}

type ArtifactRow = Awaited<ReturnType<RunRepository['artifacts']>>[number];

export function presentArtifact(row: ArtifactRow) {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    version: row.version,
    round: row.round,
    contentHash: row.content_hash.toString('hex'),
    content: row.content,
    createdAt: row.created_at,
  };
}
