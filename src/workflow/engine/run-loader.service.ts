import { Injectable } from '@nestjs/common';
import { RunChains } from '../../compliance/audit/run-chains.service.js';
import { TokenVault } from '../../compliance/pii/token-vault.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { SessionService } from '../../sessions/session.service.js';
import { DefinitionStore } from '../definitions/definition-store.service.js';
import {
  ApprovalRepository,
  type DecisionRow,
  delegationsOf,
  type RoundApprovalRow,
} from '../review/approval.repository.js';
import { contentOf } from '../runs/content.js';
import { chainOf } from '../runs/run.js';
import { RunRepository } from '../runs/run.repository.js';
import { SignalSeal } from '../signals/signal-seal.js';
import { type LoadedApproval, LoadedRun, type LoadedSignal } from './loaded-run.js';

/** Reads a run with all that driving it needs, in one transaction. */
@Injectable()
export class RunLoader {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly approvals: ApprovalRepository,
    private readonly definitions: DefinitionStore,
    private readonly vault: TokenVault,
    private readonly sessions: SessionService,
    private readonly seals: SignalSeal,
    private readonly chains: RunChains,
  ) {}

  /** Undefined when there is no such run. */
  load(tenantId: string, runId: string): Promise<LoadedRun | undefined> {
    return this.database.withTenant(tenantId, (trx) => this.loadWithin(trx, tenantId, runId));
  }

  /** The same inside a transaction of the caller. */
  async loadWithin(trx: Trx, tenantId: string, runId: string): Promise<LoadedRun | undefined> {
    const run = await this.runs.find(trx, runId);
    if (!run) return undefined;
    const definition = await this.definitions.pinned(trx, tenantId, run.definition, run.definitionVersion);
    const steps = await this.runs.recordedSteps(trx, runId);
    const artifactName = definition.phases.GENERATION.artifact?.name;
    const artifact = artifactName ? await this.runs.latestArtifact(trx, runId, artifactName) : undefined;
    const approval = await this.approvals.ofRound(trx, runId, run.round);
    const input = await this.runs.content(trx, run.inputHash);
    return new LoadedRun({
      run,
      definition,
      input: input as Record<string, unknown>,
      steps,
      comments: await this.approvals.changeRequests(trx, runId),
      approval: approval && approvalOf(approval, await this.approvals.decisions(trx, [approval.id])),
      // Each round makes its own artefact.
      artifact:
        artifact?.round === run.round
          ? {
              id: artifact.id,
              version: artifact.version,
              contentHash: artifact.content_hash,
              content: artifact.content,
            }
          : undefined,
      artifactVersions: artifact?.version ?? 0,
      alteredContents:
        Number(this.definitions.isAltered(definition)) +
        countAltered([
          [run.inputHash, input],
          ...steps.map((step) => [step.output_hash, step.output] as const),
          ...(artifact ? [[artifact.content_hash, artifact.content] as const] : []),
        ]),
      auditChain: await this.chains.read(trx, chainOf(run), run.createdAt),
      sessionOwnerId: await this.sessions.ownerOf(trx, run.sessionId),
      runRef: this.vault.runSubjectRef(runId),
      signals: await this.signalsWithin(trx, tenantId, runId),
      entries: await this.vault.open(trx, tenantId, runId),
    });
  }

  /** The signals that a run has not taken up, as they stand now. */
  openSignals(tenantId: string, runId: string): Promise<readonly LoadedSignal[]> {
    return this.database.withTenant(tenantId, (trx) => this.signalsWithin(trx, tenantId, runId));
  }

  private async signalsWithin(trx: Trx, tenantId: string, runId: string): Promise<readonly LoadedSignal[]> {
    const rows = await this.runs.openSignals(trx, runId);
    return rows.map(({ id, type, payload, payload_sealed: sealed }) => ({
      id,
      type,
      payload: sealed ? this.seals.open(tenantId, id, sealed) : payload,
    }));
  }
}

function approvalOf(row: RoundApprovalRow, decisions: readonly DecisionRow[]): LoadedApproval {
  return {
    id: row.id,
    status: row.status,
    artifactId: row.artifact_id,
    bindingHash: row.binding_hash,
    requesterId: row.requester_id,
    fourEyes: row.four_eyes,
    requiredApprovals: row.required_approvals,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    rejectQuorum: row.reject_quorum,
    roles: row.roles,
    remindAt: row.remind_at,
    reminded: row.reminded,
    escalateAt: row.escalate_at,
    escalationRoles: row.escalation_roles,
    escalatedAt: row.escalated_at,
    delegations: delegationsOf(row),
    decisions: decisions.map((each) => ({
      actorId: each.actor_id,
      decision: each.decision,
      comment: each.comment,
      bindingHash: each.binding_hash,
      decidedAt: each.decided_at,
    })),
  };
}

/** How many texts are not what their hash says, by computing it again. */
function countAltered(contents: readonly (readonly [hash: Buffer | null, value: unknown])[]): number {
  return contents.filter(([hash, value]) => hash !== null && !isIntact(hash, value)).length;
}

function isIntact(hash: Buffer, value: unknown): boolean {
  try {
    return contentOf(value).hash.equals(hash);
  } catch {
    // Not even of a form that could have been stored.
    return false;
  }
}
