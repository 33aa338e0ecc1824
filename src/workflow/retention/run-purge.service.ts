import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { newId } from '../../kernel/ids.js';
import { type DueRun, PurgeRepository, type RemovedRows } from './purge.repository.js';
import type { RetentionRule } from './retention-rule.js';
import { RetentionRules } from './retention-rules.service.js';
import { type ArchiveFile, RunArchive } from './run-archive.service.js';

/** What one transaction has removed. */
export interface PurgedBatch {
  readonly runs: number;
  /** When the last of them had ended: the next batch begins there. */
  readonly endedUpTo: Date | undefined;
}

const NOTHING: PurgedBatch = { runs: 0, endedUpTo: undefined };

/** Removes a batch of runs that are due, and records it, in one transaction. */
@Injectable()
export class RunPurge {
  constructor(
    private readonly database: DatabaseService,
    private readonly rules: RetentionRules,
    private readonly repository: PurgeRepository,
    private readonly archive: RunArchive,
    private readonly audit: AuditTrail,
    @InjectConfig('retention') private readonly config: AppConfig['retention'],
  ) {}

  /**
   * Removes runs by the rule of a definition as it stands now: a tenant that has just decided to keep its runs for
   * longer does not lose any more of them.
   *
   * @throws AppError AUDIT_UNAVAILABLE, or a fault of the archive or the database; nothing is removed then.
   */
  purge(tenantId: string, definition: string, endedFrom: Date | undefined): Promise<PurgedBatch> {
    return this.database.withRetention(tenantId, async (trx) => {
      const rule = await this.rules.find(trx, definition);
      const due = rule ? await this.repository.lockDue(trx, rule, endedFrom, this.config.batchSize) : [];
      if (!rule || due.length === 0) return NOTHING;
      await this.remove(trx, tenantId, rule, due);
      return { runs: due.length, endedUpTo: due.at(-1)?.completedAt };
    });
  }

  private async remove(
    trx: Trx,
    tenantId: string,
    rule: RetentionRule,
    due: readonly DueRun[],
  ): Promise<void> {
    const batchId = newId();
    const runIds = due.map((run) => run.id);
    const file =
      this.config.archive === 'file' ? await this.archive.write(trx, tenantId, batchId, runIds) : undefined;
    try {
      await this.repository.noteContents(trx, runIds);
      const removed = await this.repository.remove(trx, runIds);
      await this.audit.append(trx, tenantId, purgedFact(tenantId, rule, due, batchId, removed, file));
    } catch (error) {
      await file?.discard();
      throw error;
    }
    // From here on the file stays: a commit that gives no answer may have happened.
  }
}

function purgedFact(
  tenantId: string,
  rule: RetentionRule,
  due: readonly DueRun[],
  batchId: string,
  removed: RemovedRows,
  file: ArchiveFile | undefined,
): AuditFact {
  return {
    type: 'retention.purged',
    outcome: 'success',
    actor: { type: 'system', ref: 'retention' },
    // The tenant stands first: the database asks for a record about it when runs go.
    targets: [
      { type: 'tenant', ref: tenantId },
      { type: 'retention_batch', ref: batchId },
    ],
    detail: {
      definition: rule.definition,
      retentionDays: rule.retentionDays,
      endedBefore: rule.endedBefore.toISOString(),
      runsDigest: runsDigestOf(due),
      ...Object.fromEntries(Object.entries(removed).map(([table, rows]) => [`removed.${table}`, rows])),
      ...(file && { archiveFile: file.name, archiveDigest: file.digest }),
    },
  };
}

/**
 * Commits to the runs that went and to the ends of their audit chains, so that whoever has kept a list of them can
 * show that it is this one: SHA-256 over canonical JSON `[[id, events, hash of the last event], …]`, by id.
 */
function runsDigestOf(due: readonly DueRun[]): string {
  const list = due
    .map((run) => [run.id, run.auditSeq, run.auditHead?.toString('hex') ?? null])
    .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1));
  return createHash('sha256').update(canonicalJson(list)).digest('hex');
}
