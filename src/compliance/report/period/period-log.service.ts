import { Injectable } from '@nestjs/common';
import type { AuditFault } from '../../audit/audit-verifier.js';
import { AuditLog } from '../../audit/log/audit-log.service.js';
import type { StoredCheckpoint } from '../../audit/log/log-state.js';
import type { Period } from './period-report.query.js';

/** Where the log stood around a period, and that it has only grown in between. */
export interface PeriodLogSection {
  /** The checkpoint before the beginning; the first of the log when it is younger. */
  readonly first: CheckpointInReport;
  /** The checkpoint after the end; the newest when there is none yet. */
  readonly last: CheckpointInReport;
  /** Whether the last one is from after the end of the period, so that no event of it can be missing below it. */
  readonly coversEnd: boolean;
  /** RFC 6962 consistency proof between them, base64; null when the log was opened anew in between. */
  readonly consistency: {
    readonly from: number;
    readonly to: number;
    readonly proof: readonly string[];
  } | null;
  /** What the log's last check of itself has found; null before the first. */
  readonly selfCheck: SelfCheckInReport | null;
}

interface SelfCheckInReport {
  readonly checkedAt: string;
  /** When all leaves were last read; null when they never were. */
  readonly wholeAt: string | null;
  /** Leaves found in order. */
  readonly size: number;
  readonly faults: readonly AuditFault[];
}

interface CheckpointInReport {
  readonly origin: string;
  readonly size: number;
  readonly rootHash: string;
  readonly createdAt: string;
  /** The signed note. */
  readonly note: string;
}

/** Finds the checkpoints around a period. */
@Injectable()
export class PeriodLog {
  constructor(private readonly log: AuditLog) {}

  /** Null while nothing is sealed. */
  async of(tenantId: string, { from, to }: Period): Promise<PeriodLogSection | null> {
    const span = await this.log.span(tenantId, from, to);
    if (!span) return null;
    const { first, last, proof } = span;
    const { selfCheck } = await this.log.info(tenantId);
    return {
      first: shown(first),
      last: shown(last),
      coversEnd: last.createdAt >= to,
      consistency: proof
        ? { from: first.size, to: last.size, proof: proof.map((hash) => hash.toString('base64')) }
        : null,
      selfCheck: selfCheck?.checkedAt
        ? {
            checkedAt: selfCheck.checkedAt.toISOString(),
            wholeAt: selfCheck.wholeAt?.toISOString() ?? null,
            size: selfCheck.size,
            faults: selfCheck.faults,
          }
        : null,
    };
  }
}

function shown({ origin, size, rootHash, createdAt, note }: StoredCheckpoint): CheckpointInReport {
  return { origin, size, rootHash: rootHash.toString('base64'), createdAt: createdAt.toISOString(), note };
}
