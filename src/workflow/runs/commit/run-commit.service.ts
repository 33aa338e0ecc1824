import { Injectable } from '@nestjs/common';
import type { PreparedAudit } from '../../../compliance/audit/audit-trail.service.js';
import { auditPart } from '../../../compliance/audit/audit-rows.js';
import { TokenVault } from '../../../compliance/pii/token-vault.service.js';
import { vaultParts } from '../../../compliance/pii/vault-rows.js';
import { DatabaseService } from '../../../database/database.service.js';
import { type Execute, statementOf } from '../../../database/statement.js';
import { writeAnew } from '../../../database/write-anew.js';
import { endedJobsPart, type NewJob, newJobsPart } from '../../../jobs/job-rows.js';
import { AppError } from '../../../kernel/app-error.js';
import { Coalescer } from '../../../kernel/coalescer.js';
import { newId } from '../../../kernel/ids.js';
import type { Run } from '../run.js';
import type { RunJobRequest } from '../run-change.js';
import {
  changedRunsPart,
  newRunsPart,
  OF_WRITTEN_RUN,
  runRowParts,
  type RunWrite,
  writtenRunsPart,
} from './run-rows.js';

/** What one commit writes for one run. */
export interface RunCommit extends RunWrite {
  readonly audit: PreparedAudit;
}

/** Runs of one statement. Beyond this a statement only gets longer, not cheaper per run. */
const MAX_RUNS = 256;

/**
 * Writes changes of runs, however many, in one statement: rows, history, events, audit, contents, approvals, sealed
 * values and jobs. A run that is not what it was any more is left out, with all that belongs to it; the others are
 * written all the same.
 */
@Injectable()
export class RunCommits {
  private readonly coalescer = new Coalescer<RunCommit, boolean>({
    send: (commits) => this.writeTogether(commits),
    keyOf: ({ after }) => after.id,
    maxItems: MAX_RUNS,
  });

  constructor(
    private readonly database: DatabaseService,
    private readonly vault: TokenVault,
  ) {}

  /** Commits a change together with those of other runs; whether the run was still what it was. */
  commit(commit: RunCommit): Promise<boolean> {
    return this.coalescer.submit(commit);
  }

  /** Writes a change by means of somebody's transaction; whether the run was still what it was. */
  async write(execute: Execute, commit: RunCommit): Promise<boolean> {
    return (await this.writeAll(execute, [commit])).has(commit.after.id);
  }

  private async writeTogether(commits: readonly RunCommit[]): Promise<PromiseSettledResult<boolean>[]> {
    try {
      const written = await writeAnew(() => this.writeAll(this.database.asEngine, commits));
      return commits.map(({ after }) => ({ status: 'fulfilled', value: written.has(after.id) }));
    } catch (error) {
      if (commits.length === 1 || isUnreachable(error)) throw error;
    }
    // One of them cannot be written: each by itself, so that its fault stays its own.
    const settled: PromiseSettledResult<boolean>[] = [];
    for (const commit of commits) {
      const [result] = await Promise.allSettled([
        writeAnew(() => this.writeAll(this.database.asEngine, [commit])),
      ]);
      settled.push(
        result.status === 'fulfilled'
          ? { status: 'fulfilled', value: result.value.has(commit.after.id) }
          : result,
      );
    }
    return settled;
  }

  private async writeAll(execute: Execute, commits: readonly RunCommit[]): Promise<ReadonlySet<string>> {
    const sealed = await this.vault.seal(
      execute,
      commits.map(({ after, change }) => ({
        tenantId: after.tenantId,
        runId: after.id,
        entries: change.vaultEntries,
      })),
    );
    const statement = statementOf(
      'run-commit',
      [
        changedRunsPart(commits),
        newRunsPart(commits),
        writtenRunsPart(commits),
        auditPart(
          commits.flatMap(({ audit }) => audit.records),
          OF_WRITTEN_RUN,
        ),
        ...runRowParts(commits),
        ...vaultParts(sealed, OF_WRITTEN_RUN),
        newJobsPart(
          commits.flatMap(({ after, change }) => change.jobs.map((job) => jobOf(after, job))),
          OF_WRITTEN_RUN,
        ),
        endedJobsPart(
          commits.flatMap(({ after, change }) =>
            change.endedJobs.map(({ id, name }) => ({ id, name, run_id: after.id })),
          ),
          OF_WRITTEN_RUN,
        ),
      ],
      'select id from runs',
    );
    try {
      const rows = await execute<{ id: string }>(statement);
      return new Set(rows.map(({ id }) => id));
    } catch (error) {
      throw recordable(error);
    }
  }
}

/** Runs are driven fairly by tenant; deliveries of one run one at a time. */
function jobOf({ id: runId, tenantId }: Run, { name, id, startAfter, claimed }: RunJobRequest): NewJob {
  const group = name === 'workflow.drive' ? tenantId : runId;
  return { id: id ?? newId(), name, data: { tenantId, runId }, group, startAfter, claimed };
}

/** A lost connection says nothing of the statement; of the codes of the database itself these do. */
function isUnreachable(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && !/^(?:22|23|42|CS)/.test(code);
}

/** What the database says of itself; a broken socket says nothing, not even whether the statement was carried out. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;
/** Faults of what was to be written, and rules of ours: of those the trail is not the reason. */
const NOT_THE_TRAIL = /^(?:22|23|40|42|CS)/;
/** A change without its record. */
const UNRECORDED = 'CS003';

/** Where the statement, which writes the record with the change, cannot be carried out, that is the fault to be told. */
function recordable(error: unknown): unknown {
  const {
    code = '',
    table = '',
    message = '',
  } = error as { code?: string; table?: string; message?: string };
  const isAboutTrail = /\baudit_/.test(`${table} ${message}`) || code === UNRECORDED;
  const isRefused = SQLSTATE.test(code) && !NOT_THE_TRAIL.test(code);
  return isAboutTrail || isRefused ? new AppError('AUDIT_UNAVAILABLE', { cause: error }) : error;
}
