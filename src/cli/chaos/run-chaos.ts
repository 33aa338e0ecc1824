import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EmbeddedPostgres } from '../../database/embedded/embedded-postgres.js';
import { ChaosDatabase } from './chaos-database.js';
import { ChaosInjuries } from './chaos-injuries.js';
import { ChaosProcesses } from './chaos-processes.js';
import { type ChaosReport, countsOf, quantilesOf } from './chaos-report.js';
import { ChaosWorkload } from './chaos-workload.js';
import { checkHistory } from './check-history.js';
import { readHistory } from './read-history.js';
import { SeededRandom } from './seeded-random.js';
import { TakeOverWatch } from './take-over-watch.js';

/** No commit for this long while runs are open: they will not end by themselves. */
const STANDSTILL_MS = 90_000;

export interface ChaosOptions {
  /** The server program. */
  readonly entry: string;
  /** What every process inherits. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long is injured; after that the runs are left to end. */
  readonly durationMs: number;
  readonly seed: number;
  readonly workers: number;
  /** Most runs that are started. */
  readonly runs: number;
  readonly definition: string;
  /** The input of every run. */
  readonly input: unknown;
  /** A database to throw away; absent = one of our own, which is killed too. */
  readonly databaseUrl?: string | undefined;
  readonly signal: AbortSignal;
  /** Told what is going on. */
  readonly say: (line: string) => void;
}

/**
 * Runs the built product in processes of its own, injures them while runs go on, and checks at the end that nothing
 * was lost or done twice. Leaves nothing behind when all was well.
 *
 * @throws CliError when there is nothing to check: the product did not start, or the database is in use.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-chaos-'));
  // The database user of a root session must get there.
  await chmod(dataDir, 0o755);
  let clean = false;
  try {
    const report = await withDatabase(options, dataDir, (database, postgres) =>
      trial(options, dataDir, database, postgres),
    );
    clean = report.clean;
    return report;
  } finally {
    if (clean || options.signal.aborted) await rm(dataDir, { recursive: true, force: true });
    else options.say(`what is left to look at: ${dataDir}`);
  }
}

async function withDatabase<T>(
  { databaseUrl }: ChaosOptions,
  dataDir: string,
  work: (database: ChaosDatabase, postgres: EmbeddedPostgres | undefined) => Promise<T>,
): Promise<T> {
  const postgres = databaseUrl ? undefined : await EmbeddedPostgres.start(dataDir);
  const database = new ChaosDatabase(databaseUrl ?? (postgres as EmbeddedPostgres).url);
  try {
    await database.refuseUsed();
    return await work(database, postgres);
  } finally {
    await database.close();
    await postgres?.stop();
  }
}

async function trial(
  options: ChaosOptions,
  dataDir: string,
  database: ChaosDatabase,
  postgres: EmbeddedPostgres | undefined,
): Promise<ChaosReport> {
  const { signal, say, seed } = options;
  const began = Date.now();
  const key = `cs_chaos_${randomBytes(24).toString('base64url')}`;
  const environment = { ...options.environment, ...settings(database.url, dataDir, key) };
  const processes = new ChaosProcesses(options.entry, environment, options.workers, signal);
  const workload = new ChaosWorkload(
    processes,
    database,
    { ...options, key, openRuns: options.workers * 5 },
    signal,
  );
  const watch = new TakeOverWatch(database);
  const injuries = new ChaosInjuries(processes, database, postgres, watch, new SeededRandom(seed), say);
  try {
    say(`starting one api and ${options.workers} worker processes, seed ${seed}`);
    await processes.start();
    await workload.openSession();
    await injureWhileWorking(options, workload, injuries, watch, database);
    say('all runs have ended; checking');
    const audit = await workload.verifyAudit();
    await settleJobs(database);
    const history = await readHistory(database, dataDir, workload.acknowledged, audit);
    const findings = [
      ...checkHistory(history),
      ...processes.endedByThemselves.map((detail) => ({ rule: 'process.ended' as const, detail })),
    ];
    return {
      seed,
      clean: findings.length === 0,
      findings,
      ...countsOf(history),
      injuries: injuries.counts,
      yielded: processes.yielded,
      takeOvers: quantilesOf(watch.durationsMs),
      recoveries: quantilesOf(injuries.recoveriesMs),
      durationMs: Date.now() - began,
    };
  } finally {
    await processes.stop();
  }
}

/** Small steps and small batches, so that an injury finds work in every phase. */
function settings(databaseUrl: string, dataDir: string, key: string): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: databaseUrl,
    COUNTERSIGN_ENV: 'test',
    COUNTERSIGN_DATA_DIR: dataDir,
    COUNTERSIGN_API_KEY: key,
    COUNTERSIGN__VAULT__KEK: randomBytes(32).toString('base64'),
    COUNTERSIGN_LOG_LEVEL: 'info',
    COUNTERSIGN__LOGGING__PRETTY: 'false',
    COUNTERSIGN__LLM__PROVIDER: 'simulation',
    COUNTERSIGN__WORKFLOW__FOUR_EYES: 'false',
    COUNTERSIGN__WORKFLOW__FAN_OUT_BATCH: '1',
    COUNTERSIGN__DELIVERY__CONCURRENCY: '1',
    COUNTERSIGN__JOBS__CONCURRENCY: '4',
  };
}

async function injureWhileWorking(
  { durationMs, signal, say }: ChaosOptions,
  workload: ChaosWorkload,
  injuries: ChaosInjuries,
  watch: TakeOverWatch,
  database: ChaosDatabase,
): Promise<void> {
  const injured = AbortSignal.any([signal, AbortSignal.timeout(durationMs)]);
  const over = new AbortController();
  const worked = Promise.all([workload.startRuns(injured), injuries.go(injured)]);
  const course = worked
    .then(() => say(`no more injuries; ${workload.acknowledged.runs.length} runs were started`))
    .then(() => untilAllEnded(workload, database, signal))
    .finally(() => over.abort());
  await Promise.all([course, workload.approveRuns(over.signal), lookOut(watch, over.signal)]);
}

async function lookOut(watch: TakeOverWatch, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await watch.look();
    await wait(50);
  }
}

async function untilAllEnded(
  workload: ChaosWorkload,
  database: ChaosDatabase,
  signal: AbortSignal,
): Promise<void> {
  let since = Date.now();
  let seen = '';
  for (;;) {
    signal.throwIfAborted();
    if ((await workload.openCount()) === 0) return;
    const [row] = await database.query('select sum(version)::text as commits from workflow_run');
    const now = JSON.stringify(row);
    if (now !== seen) since = Date.now();
    seen = now;
    // The check tells which runs did not end.
    if (Date.now() - since > STANDSTILL_MS) return;
    await wait(100);
  }
}

/** The job of a run that has ended may be on its way out: its worker finds nothing to do. */
async function settleJobs(database: ChaosDatabase): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const [row] = await database.query<{ open: boolean }>(
      `select exists (select from pgboss.job where name in ('workflow.drive', 'delivery.deliver')
         and state in ('created', 'retry', 'active') and start_after <= now()) as open`,
    );
    if (!row?.open) return;
    await wait(200);
  }
}
