import { setTimeout as wait } from 'node:timers/promises';
import { newId } from '../../kernel/ids.js';
import { ApiClient, ApiError } from '../api-client.js';
import type { AuditVerdict, Page, RunStarted } from '../api-types.js';
import { CliError } from '../cli-error.js';
import type { ChaosDatabase } from './chaos-database.js';
import type { Acknowledged } from './chaos-history.js';
import type { ChaosProcesses } from './chaos-processes.js';

const PATIENCE_MS = 120_000;
const PURPOSE_OF_ALL = ['email-campaign'];

export interface WorkloadOptions {
  readonly definition: string;
  readonly input: unknown;
  readonly key: string;
  /** Most runs that are started at all. */
  readonly runs: number;
  /** Runs that are open at once. */
  readonly openRuns: number;
}

/** Starts runs and approves what waits, as a client that repeats a request until it is answered. */
export class ChaosWorkload {
  private readonly started: string[] = [];

  private readonly approved: string[] = [];

  private readonly refused: string[] = [];

  private readonly approving = new Set<string>();

  private sessionId = '';

  constructor(
    private readonly processes: ChaosProcesses,
    private readonly database: ChaosDatabase,
    private readonly options: WorkloadOptions,
    private readonly signal: AbortSignal,
  ) {}

  get acknowledged(): Acknowledged {
    return { runs: this.started, approvals: this.approved, refused: this.refused };
  }

  async openSession(): Promise<void> {
    const purposes = [...new Set([...PURPOSE_OF_ALL, this.options.definition])];
    const consents = purposes.map((purpose) => ({
      subject: '*',
      purpose,
      lawfulBasis: 'consent',
      granted: true,
    }));
    const session = await this.insist<{ id: string }>((client, key) =>
      client.post('/v1/sessions', { consents }, this.signal, key),
    );
    if (!session) throw new CliError(`No session: ${this.refused.join('; ')}`);
    this.sessionId = session.id;
  }

  /** Keeps so many runs open until it is told to stop. */
  async startRuns(stop: AbortSignal): Promise<void> {
    const { runs, openRuns, definition, input } = this.options;
    while (!stop.aborted && this.started.length < runs && this.refused.length === 0) {
      if ((await this.openCount()) >= openRuns) {
        await wait(50);
        continue;
      }
      const body = { definition, sessionId: this.sessionId, input };
      const run = await this.insist<RunStarted>((client, key) =>
        client.post('/v1/workflows', body, this.signal, key),
      );
      if (run) this.started.push(run.id);
    }
  }

  /** Approves whatever waits until it is told to stop. */
  async approveRuns(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const page = await this.insist<Page<{ runId: string }>>((client) =>
        client.get('/v1/approvals?status=pending&limit=100', this.signal),
      );
      const waiting = (page?.items ?? []).filter(({ runId }) => !this.approving.has(runId));
      for (const { runId } of waiting) this.approving.add(runId);
      await Promise.all(waiting.map(({ runId }) => this.approve(runId)));
      await wait(50);
    }
  }

  async openCount(): Promise<number> {
    const [row] = await this.database.query<{ open: number }>(
      'select count(*)::int as open from workflow_run where completed_at is null',
    );
    return row?.open ?? 0;
  }

  /** @throws CliError when the server does not answer. */
  async verifyAudit(): Promise<AuditVerdict> {
    const verdict = await this.insist<AuditVerdict>((client, key) =>
      client.post('/v1/audit/verify', undefined, this.signal, key),
    );
    return verdict ?? { valid: false, checkedEvents: 0, faults: ['the server refused to verify'] };
  }

  private async approve(runId: string): Promise<void> {
    const answer = await this.insist((client, key) =>
      client.post(`/v1/workflows/${runId}/approvals`, { decision: 'approve' }, this.signal, key),
    );
    if (answer) this.approved.push(runId);
  }

  /** Repeats a request, under the same key, until it is answered. Undefined when it is refused for good. */
  private async insist<T>(request: (client: ApiClient, key: string) => Promise<T>): Promise<T | undefined> {
    const key = newId();
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const { address } = this.processes;
      try {
        if (address) return await request(new ApiClient(address, this.options.key), key);
      } catch (error) {
        this.signal.throwIfAborted();
        if (!(error instanceof CliError)) throw error;
        if (isFinal(error)) {
          this.refused.push(error.message.split('\n').slice(0, 2).join(' '));
          return undefined;
        }
      }
      if (Date.now() > deadline) throw new CliError('The product has not answered for two minutes.');
      await wait(100, undefined, { signal: this.signal });
    }
  }
}

/** A request whose first attempt is still under way, or was with a process that died, is worth another attempt. */
function isFinal(error: CliError): boolean {
  if (!(error instanceof ApiError)) return false;
  const isWorthMore = error.status >= 500 || error.status === 429 || /IDEMPOTENCY/.test(error.code ?? '');
  return !isWorthMore;
}
