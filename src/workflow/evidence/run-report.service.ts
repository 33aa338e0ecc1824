import { Injectable } from '@nestjs/common';
import type { Violation } from '../../compliance/state/state-rule.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { isId } from '../../kernel/ids.js';
import { RetentionPolicies } from '../retention/retention-policy.service.js';
import {
  type ApprovalRow,
  ApprovalRepository,
  type DecisionRow,
  delegationsOf,
} from '../review/approval.repository.js';
import type { Run } from '../runs/run.js';
import { readContext } from '../runs/run-context.js';
import { RunRepository } from '../runs/run.repository.js';
import { RunConditionsReader } from './conditions/run-conditions.service.js';
import { gateChecksOf, type RecordedPassage } from './gate-checks.js';
import { linksOfRun } from './run-links.js';
import { RunLogProofs } from './run-log-proofs.service.js';
import { RunEvidenceRepository, type RunEventRow } from './run-evidence.repository.js';
import type { ApprovalRecord, ConsentInForce, RunIdentity, RunReport } from './run-report.js';

const DAY_MS = 86_400_000;

/** Makes the compliance report of a run from what is stored of it, all of one moment. */
@Injectable()
export class RunReports {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly approvals: ApprovalRepository,
    private readonly evidence: RunEvidenceRepository,
    private readonly retention: RetentionPolicies,
    private readonly proofs: RunLogProofs,
    private readonly conditions: RunConditionsReader,
  ) {}

  /** @throws AppError WORKFLOW_NOT_FOUND. */
  async create(tenantId: string, runId: string): Promise<RunReport> {
    if (!isId(runId)) throw new AppError('WORKFLOW_NOT_FOUND');
    const gathered = await this.database.withTenant(tenantId, (trx) => this.gather(trx, runId), {
      snapshot: true,
    });
    const { run, definition, audit, ...sections } = gathered;
    return {
      kind: 'run',
      run: { ...identityOf(run), ...definition },
      links: linksOfRun(run),
      ...sections,
      retention: await this.retentionOf(tenantId, run),
      audit: { ...audit, log: await this.proofs.of(tenantId, run.id) },
    };
  }

  private async gather(trx: Trx, runId: string) {
    const run = await this.runs.find(trx, runId);
    if (!run) throw new AppError('WORKFLOW_NOT_FOUND');
    const approvals = await this.approvals.ofRun(trx, runId);
    const decisions = await this.approvals.decisions(
      trx,
      approvals.map(({ id }) => id),
    );
    const passages = await this.evidence.events(trx, runId, [
      'workflow.transition',
      'workflow.transition_denied',
    ]);
    const decided = await this.evidence.events(trx, runId, ['approval.decided']);
    const definition = await this.evidence.definition(trx, run.definition, run.definitionVersion);
    const definitionDigest = definition?.digest.toString('hex') ?? null;
    return {
      run,
      definition: { definitionDigest, definitionSource: definition?.source ?? null },
      ...(await this.conditions.of(trx, run, definitionDigest)),
      gates: gateChecksOf(passages.map(passageOf), violationsOf(await this.evidence.violations(trx, runId))),
      findings: await this.evidence.findings(trx, runId),
      consents: (await this.evidence.consents(trx, run.sessionId)).map(consentOf),
      approvals: approvals.map((approval) => approvalOf(approval, decisions, decided)),
      models: await this.evidence.models(trx, runId),
      usage: { inputTokens: run.inputTokens, outputTokens: run.outputTokens, costUsd: run.costUsd },
      deliveries: await this.evidence.deliveries(trx, runId),
      audit: {
        events: run.auditSeq,
        head: run.auditHead?.toString('hex') ?? null,
        byType: await this.evidence.eventCounts(trx, runId),
      },
    };
  }

  private async retentionOf(tenantId: string, run: Run): Promise<RunReport['retention']> {
    const { retentionDays, source } = await this.retention.get(tenantId, run.definition);
    const due =
      run.completedAt && retentionDays > 0
        ? new Date(run.completedAt.getTime() + retentionDays * DAY_MS).toISOString()
        : null;
    return { retentionDays, source, dueAt: due };
  }
}

function identityOf(run: Run): Omit<RunIdentity, 'definitionDigest' | 'definitionSource'> {
  return {
    id: run.id,
    definition: run.definition,
    version: run.definitionVersion,
    status: run.status,
    phase: run.phase,
    degraded: run.degraded,
    attempt: run.attempt,
    round: run.round,
    ownerId: run.ownerId,
    sessionId: run.sessionId,
    forkedFrom:
      run.forkedFromRunId === null ? null : { runId: run.forkedFromRunId, phase: run.forkedFromPhase },
    inputHash: run.inputHash.toString('hex'),
    outputHash: run.outputHash?.toString('hex') ?? null,
    createdAt: run.createdAt.toISOString(),
    completedAt: run.completedAt?.toISOString() ?? null,
    lastErrorCode: readContext(run.context)?.lastError?.code ?? null,
  };
}

function passageOf({ id, occurredAt, outcome, leaf }: RunEventRow): RecordedPassage {
  const change = (leaf['change'] ?? {}) as { from?: string; to?: string };
  const detail = (leaf['detail'] ?? {}) as { violations?: string };
  return {
    eventId: id,
    occurredAt,
    from: change.from ?? null,
    to: change.to ?? '',
    allowed: outcome === 'success',
    violated: detail.violations?.split(' ').filter((rule) => rule !== '') ?? [],
  };
}

/** The history's word on them, trusted as little as anything stored. */
function violationsOf(stored: readonly unknown[]): Violation[] {
  return stored.flat().filter((each): each is Violation => {
    const { rule, tier, message } = (each ?? {}) as Partial<Record<keyof Violation, unknown>>;
    return [rule, tier, message].every((text) => typeof text === 'string');
  });
}

type ConsentCount = Awaited<ReturnType<RunEvidenceRepository['consents']>>[number];

function consentOf(row: ConsentCount): ConsentInForce {
  return {
    purpose: row.purpose,
    lawfulBasis: row.lawful_basis,
    granted: row.granted,
    subjects: row.subjects,
    everybody: row.everybody,
    firstRecordedAt: row.first.toISOString(),
    lastRecordedAt: row.last.toISOString(),
  };
}

function approvalOf(
  row: ApprovalRow,
  decisions: readonly DecisionRow[],
  events: readonly RunEventRow[],
): ApprovalRecord {
  return {
    id: row.id,
    round: row.round,
    status: row.status,
    artifactId: row.artifact_id,
    contentHash: row.content_hash.toString('hex'),
    bindingHash: row.binding_hash.toString('hex'),
    requesterId: row.requester_id,
    fourEyes: row.four_eyes,
    requiredApprovals: row.required_approvals,
    rejectQuorum: row.reject_quorum,
    requestedAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    escalatedAt: row.escalated_at?.toISOString() ?? null,
    reminders: row.reminded,
    delegations: delegationsOf(row).length,
    decisions: decisions
      .filter((decision) => decision.approval_id === row.id)
      .map((decision) => ({
        actorId: decision.actor_id,
        decision: decision.decision,
        shown: decision.binding_hash.toString('hex'),
        decidedAt: decision.decided_at.toISOString(),
        secondsToDecide: Math.round((decision.decided_at.getTime() - row.created_at.getTime()) / 1_000),
        eventId: events.find((event) => isRecordOf(event, decision))?.id ?? null,
      })),
  };
}

/** Nobody decides on the same approval twice. */
function isRecordOf({ actorRef, leaf }: RunEventRow, { actor_id, approval_id }: DecisionRow): boolean {
  const targets = (leaf['targets'] ?? []) as readonly { readonly ref?: string }[];
  return actorRef === actor_id && targets.some(({ ref }) => ref === approval_id);
}
