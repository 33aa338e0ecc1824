import { Injectable } from '@nestjs/common';
import type { AuditEventType } from '../../compliance/audit/audit-event-types.js';
import { AuditLog } from '../../compliance/audit/log/audit-log.service.js';
import { DatabaseService } from '../../database/database.service.js';
import { RunEvidenceRepository } from './run-evidence.repository.js';

/** What a report proves by itself: how the run began, each word of the gate and of people, and how it ended. */
const PROVEN: readonly AuditEventType[] = [
  'workflow.started',
  'workflow.transition',
  'workflow.transition_denied',
  'approval.decided',
  'workflow.completed',
  'workflow.rejected',
  'workflow.cancelled',
  'workflow.failed',
];
const MAX_PROOFS = 60;

/** Where events of a run stand in the log, proven against its newest checkpoint. */
export interface RunLogProofsSection {
  readonly origin: string;
  readonly treeSize: number;
  /** Base64, as everywhere in proofs. */
  readonly rootHash: string;
  /** The signed note. */
  readonly checkpoint: string;
  readonly events: readonly ProvenEvent[];
  /** Events that no checkpoint covers yet. */
  readonly pending: number;
}

export interface ProvenEvent {
  readonly eventId: string;
  readonly type: string;
  readonly index: number;
  readonly leafHash: string;
  /** RFC 6962 audit path. */
  readonly proof: readonly string[];
}

/** Proves the events of a run that matter most; the evidence of the run proves all of them. */
@Injectable()
export class RunLogProofs {
  constructor(
    private readonly database: DatabaseService,
    private readonly evidence: RunEvidenceRepository,
    private readonly log: AuditLog,
  ) {}

  /** Null before the first checkpoint. */
  async of(tenantId: string, runId: string): Promise<RunLogProofsSection | null> {
    const checkpoint = await this.log.checkpoint(tenantId);
    if (!checkpoint) return null;
    const events = await this.database.withTenant(tenantId, (trx) =>
      this.evidence.events(trx, runId, PROVEN),
    );
    const shown = events.slice(0, MAX_PROOFS);
    const typeOf = new Map(shown.map(({ id, type }) => [id, type]));
    const proofs = await this.log.inclusions(tenantId, [...typeOf.keys()], checkpoint.size);
    return {
      origin: checkpoint.origin,
      treeSize: checkpoint.size,
      rootHash: checkpoint.rootHash.toString('base64'),
      checkpoint: checkpoint.note,
      events: proofs.map(({ eventId, index, leafHash, proof }) => ({
        eventId,
        type: typeOf.get(eventId) ?? '',
        index,
        leafHash: leafHash.toString('base64'),
        proof: proof.map((hash) => hash.toString('base64')),
      })),
      pending: shown.length - proofs.length,
    };
  }
}
