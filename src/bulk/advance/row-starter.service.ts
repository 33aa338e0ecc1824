import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import type { Principal } from '../../auth/principal.js';
import { redactText } from '../../compliance/privacy/redaction.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { appErrorOf } from '../../http/app-error-of.js';
import { IdempotencyService } from '../../http/idempotency.service.js';
import type { AppError } from '../../kernel/app-error.js';
import { RunAdmission, type StartRequest } from '../../workflow/admission/run-admission.service.js';
import { presentRunSummary } from '../../workflow/run.presenter.js';
import type { BatchRecord, RowFault } from '../batch.js';
import { BatchRowRepository, type PendingRow } from '../batch-row.repository.js';
import type { StartRow } from '../intake/start-row.js';
import { RowSeal } from '../row-seal.service.js';

const ATTEMPTS = 3;
const RETRY_BASE_MS = 100;
const MAX_ERRORS = 20;

/** Faults that say nothing about the row: it can only be tried again later. */
const PASSING: ReadonlySet<string> = new Set([
  'DATABASE_UNAVAILABLE',
  'SERVICE_UNAVAILABLE',
  'IDEMPOTENCY_IN_PROGRESS',
]);

/** Somebody else has dealt with the row; the run that was about to be made for it is rolled back. */
class RowTaken extends Error {
  constructor() {
    super('the row is not pending any more');
    this.name = 'RowTaken';
  }
}

/** Starts the run of one row, exactly once: the row is tied to the run in the transaction that creates the run. */
@Injectable()
export class RowStarter {
  private readonly logger = new Logger(RowStarter.name);

  constructor(
    private readonly admission: RunAdmission,
    private readonly idempotency: IdempotencyService,
    private readonly rows: BatchRowRepository,
    private readonly seal: RowSeal,
    private readonly database: DatabaseService,
  ) {}

  /**
   * Gives why the row cannot be started, or nothing when it is done.
   *
   * @throws AppError for what is no fault of the row (see {@link PASSING}); it is still to be started then.
   */
  async start(principal: Principal, batch: BatchRecord, row: PendingRow): Promise<RowFault | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.attempt(principal, batch, row);
        return undefined;
      } catch (thrown) {
        if (thrown instanceof RowTaken) return undefined;
        const error = appErrorOf(thrown);
        if (attempt === ATTEMPTS && isPassing(error)) throw error;
        const again = (error.status >= 500 || isPassing(error)) && attempt < ATTEMPTS;
        if (!again) return this.faultOf(batch, row, error, thrown);
        await wait(RETRY_BASE_MS * 2 ** attempt);
      }
    }
  }

  private async attempt(
    principal: Principal,
    batch: BatchRecord,
    { number, sealed }: PendingRow,
  ): Promise<void> {
    const row = this.seal.open(batch.tenant_id, batch.id, number, sealed);
    const request = requestOf(batch, row);
    const take = async (trx: Trx, runId: string) => {
      if (!(await this.rows.markStarted(trx, batch.id, number, runId))) throw new RowTaken();
    };
    if (row.idempotencyKey === undefined) {
      await this.admission.start(principal, request, batch.request_id, (trx, run) => take(trx, run.id));
      return;
    }
    await this.startOnce(principal, batch, row, request, row.idempotencyKey, take);
  }

  /** As `POST /v1/workflows` does it, under the same keys: a run that has one already is not started again. */
  private async startOnce(
    principal: Principal,
    batch: BatchRecord,
    row: StartRow,
    request: StartRequest,
    key: string,
    take: (trx: Trx, runId: string) => Promise<void>,
  ): Promise<void> {
    const { tenantId } = principal;
    const asSingle = { method: 'POST', url: '/v1/workflows', body: bodyOf(request, row) };
    const claim = this.idempotency.claimOf({ tenantId, principalId: principal.id, key }, asSingle);
    await this.idempotency.alone(claim, async () => {
      const earlier = await this.idempotency.find(claim);
      if (earlier) {
        const { id } = earlier.body as { id: string };
        await this.database.withTenant(tenantId, (trx) => take(trx, id));
        return;
      }
      await this.admission.start(principal, request, batch.request_id, async (trx, run) => {
        await take(trx, run.id);
        await this.idempotency.store(trx, claim, { status: 202, body: presentRunSummary(run) });
      });
    });
  }

  private faultOf(batch: BatchRecord, row: PendingRow, error: AppError, thrown: unknown): RowFault {
    if (error.status >= 500) {
      this.logger.error({ event: 'bulk.row_fault', batchId: batch.id, row: row.number, err: thrown });
    }
    const { violations } = error.members as { violations?: readonly unknown[] };
    return {
      code: error.code,
      ...(error.detail !== undefined && { detail: redactText(error.detail) }),
      // Rows come from people: what an error names after them is masked as in an answer.
      ...(error.errors && {
        errors: error.errors
          .slice(0, MAX_ERRORS)
          .map(({ path, message }) => ({ path: redactText(path), message: redactText(message) })),
      }),
      ...(violations && { violations }),
    };
  }
}

function requestOf(batch: BatchRecord, row: StartRow): StartRequest {
  const own = row.definition !== undefined && row.definition !== batch.definition;
  const version = row.version ?? (own ? undefined : (batch.definition_version ?? undefined));
  return {
    // What neither says was refused when the row was uploaded.
    definition: row.definition ?? batch.definition ?? '',
    sessionId: row.sessionId ?? batch.session_id ?? '',
    input: row.input,
    ...(version !== undefined && { version }),
    ...(row.attributes && { attributes: row.attributes }),
  };
}

/** The body of a single start of the same run. The input is copied, for its check fills in defaults. */
function bodyOf({ definition, sessionId, input }: StartRequest, { version, attributes }: StartRow): unknown {
  return {
    definition,
    sessionId,
    input: structuredClone(input),
    ...(version !== undefined && { version }),
    ...(attributes && { attributes }),
  };
}

/** A trail or a vault that fails because the database is away comes back with it, and so does a trail that the database refuses. */
function isPassing(error: AppError): boolean {
  if (PASSING.has(error.code)) return true;
  if (error.code === 'AUDIT_UNAVAILABLE') return !isUnrecordable(error.cause);
  return error.status === 503 && error.cause !== undefined && PASSING.has(appErrorOf(error.cause).code);
}

/** What has no canonical form now will have none later. */
function isUnrecordable(cause: unknown): boolean {
  return cause instanceof TypeError || cause instanceof RangeError;
}
