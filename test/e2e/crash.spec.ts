import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PHASES } from '../../src/compliance/state/phases.js';
import { startCampaign } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { SeededRandom } from '../harness/random.js';
import { ServerProcess } from '../harness/server-process.js';
import { TakeOvers } from '../harness/take-overs.js';

const RUNS = 20;
const RECIPIENTS = 25;
const KILLS = 14;
const SEED = Number(process.env['CRASH_SEED'] ?? 4_711);
/** Many small commits, so that a kill finds work in every phase. */
const SMALL_STEPS = {
  COUNTERSIGN__WORKFLOW__FAN_OUT_BATCH: '1',
  COUNTERSIGN__DELIVERY__CONCURRENCY: '1',
  COUNTERSIGN__JOBS__CONCURRENCY: '2',
};

let database: TestDatabase;
let dataDir: string;
let client: HttpClient;
let env: Record<string, string>;
const processes: ServerProcess[] = [];
const workers: ServerProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-crash-'));
  env = { ...productEnv(database.url, dataDir), ...SMALL_STEPS };
  const api = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'api' });
  processes.push(api);
  client = new HttpClient(api.address, ADMIN_KEY);
  workers.push(await startWorker(), await startWorker());
});

afterAll(async () => {
  await Promise.all(processes.map((each) => each.end('SIGKILL')));
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function startWorker(): Promise<ServerProcess> {
  const worker = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'worker' });
  processes.push(worker);
  return worker;
}

/** How far all runs have come, counted in commits, and how many have not ended. */
async function progress(): Promise<{ commits: number; open: number }> {
  const [row] = await database.query<{ commits: number; open: number }>(
    `select coalesce(sum(version), 0)::int as commits, (count(*) filter (where completed_at is null))::int as open
     from workflow_run`,
  );
  return row ?? { commits: 0, open: 0 };
}

/** Approves whatever waits until it is told to stop. */
async function approveAll(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const { body } = await client.get('/v1/approvals?status=pending&limit=100');
    for (const { runId } of body.items as { runId: string }[]) {
      await client.post(`/v1/workflows/${runId}/approvals`, { decision: 'approve' });
    }
    await pause(50, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** Starts what is left of the runs one by one and kills a worker each time; gives the phases that were hit. */
async function killWorkers(runs: string[], random: SeededRandom, takeOvers: TakeOvers): Promise<Set<string>> {
  const hit = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    if (runs.length < RUNS) runs.push(await startRun());
    const { commits } = await progress();
    const wanted = commits + random.between(2, 60);
    for (let now = await progress(); now.commits < wanted && now.open > 0; now = await progress()) {
      await takeOvers.look();
      await pause(5);
    }
    const worker = random.pick(workers);
    await worker.end('SIGKILL');
    await takeOvers.killed();
    for (const phase of await phasesUnderWay()) hit.add(phase);
    workers.splice(workers.indexOf(worker), 1, await startWorker());
  }
  return hit;
}

async function startRun(): Promise<string> {
  return (await startCampaign(client, { count: RECIPIENTS })).body.id as string;
}

async function phasesUnderWay(): Promise<string[]> {
  const rows = await database.query<{ phase: string }>(
    `select distinct run.phase from pgboss.job join workflow_run run on run.id = (job.data ->> 'runId')::uuid
     where job.state = 'active'`,
  );
  return rows.map((row) => row.phase);
}

async function untilAllEnded(takeOvers: TakeOvers): Promise<void> {
  for (let now = await progress(), since = Date.now(); now.open > 0;) {
    await takeOvers.look();
    await pause(50);
    const next = await progress();
    if (next.commits > now.commits) since = Date.now();
    if (Date.now() - since > 60_000) throw new Error(`${next.open} runs have come to a standstill`);
    now = next;
  }
}

/** One list of rows for each run. */
async function rowsByRun<T extends { run_id: string }>(text: string): Promise<Map<string, T[]>> {
  return Map.groupBy(await database.query<T>(text), (row) => row.run_id);
}

const COURSE = [...PHASES, 'COMPLETED'];
const TRANSITIONS = COURSE.map((to, index) => (index === 0 ? to : `${COURSE[index - 1]} > ${to}`));
const STEPS = [
  'BATCH_DISCOVERY/requirements_agent/0',
  'STRATEGY_ANALYSIS/strategy_generator/0',
  ...Array.from({ length: RECIPIENTS }, (_, index) => `GENERATION/email_generator/0/${index}`),
  'REVIEW/confirmation_agent/0',
];

describe('20 runs on two worker processes that are killed with SIGKILL again and again', () => {
  let runs: string[];
  let takeOvers: TakeOvers;

  beforeAll(async () => {
    const startedAt = Date.now();
    runs = await Promise.all(Array.from({ length: RUNS - KILLS }, startRun));
    const stop = new AbortController();
    takeOvers = new TakeOvers(database);
    const chaos = killWorkers(runs, new SeededRandom(SEED), takeOvers)
      .then(async (hit) => {
        await untilAllEnded(takeOvers);
        return hit;
      })
      .finally(() => stop.abort());
    const [phases] = await Promise.all([chaos, approveAll(stop.signal)]);
    console.log(
      `crash: ${KILLS} kills (seed ${SEED}) in phases ${[...phases].join(', ')}; ${takeOvers.durationsMs.length} take-overs,` +
        ` longest ${Math.max(0, ...takeOvers.durationsMs)} ms; all in ${Date.now() - startedAt} ms`,
    );
  }, 240_000);

  it('lose no run with their workers: others take them over', () => {
    expect(takeOvers.durationsMs.length).toBeGreaterThan(0);
  });

  it('all complete', async () => {
    const rows = await database.query<{ id: string; status: string }>(`select id, status from workflow_run`);
    expect(new Map(rows.map(({ id, status }) => [id, status]))).toEqual(
      new Map(runs.map((id) => [id, 'COMPLETED'])),
    );
  });

  it('execute no step twice, and leave none out', async () => {
    const steps = await rowsByRun<{ run_id: string; step_key: string }>(
      `select run_id, step_key from workflow_step where kind = 'step' and status = 'completed' order by seq`,
    );
    const audited = await rowsByRun<{ run_id: string; step: string }>(
      `select run_id, convert_from(leaf, 'UTF8')::json -> 'detail' ->> 'step' as step
       from audit_event where type = 'workflow.step_completed' order by run_seq`,
    );
    for (const id of runs) {
      expect(steps.get(id)?.map((row) => row.step_key)).toEqual(STEPS);
      expect(audited.get(id)?.map((row) => row.step)).toEqual(STEPS);
    }
  });

  it('go through the phases in order, each transition audited exactly once', async () => {
    const made = await rowsByRun<{ run_id: string; transition: string }>(
      `select run_id, concat_ws(' > ', from_phase, to_phase) as transition from workflow_step where kind = 'transition' order by seq`,
    );
    const audited = await rowsByRun<{ run_id: string; transition: string }>(
      `select run_id, concat_ws(' > ', change ->> 'from', change ->> 'to') as transition
       from audit_event, lateral (select convert_from(leaf, 'UTF8')::json -> 'change' as change) as leaf
       where type = 'workflow.transition' order by run_seq`,
    );
    for (const id of runs) {
      expect(made.get(id)?.map((row) => row.transition)).toEqual(TRANSITIONS);
      expect(audited.get(id)?.map((row) => row.transition)).toEqual(TRANSITIONS);
    }
  });

  it('deliver every message once', async () => {
    const deliveries = await rowsByRun<{ run_id: string; index: number; status: string; message_id: string }>(
      `select run_id, index, status, message_id from delivery order by index`,
    );
    const settled = await rowsByRun<{ run_id: string; index: string }>(
      `select run_id, detail ->> 'index' as index
       from audit_event, lateral (select convert_from(leaf, 'UTF8')::json -> 'detail' as detail) as leaf
       where type = 'delivery.settled' and detail ->> 'status' = 'sent' order by (detail ->> 'index')::int`,
    );
    const indexes = Array.from({ length: RECIPIENTS }, (_, index) => index);
    const seen = new Set<string>();
    for (const id of runs) {
      const rows = deliveries.get(id) ?? [];
      expect(rows.map((row) => [row.index, row.status])).toEqual(indexes.map((index) => [index, 'sent']));
      expect(settled.get(id)?.map((row) => Number(row.index))).toEqual(indexes);
      const folder = join(dataDir, 'outbox', id);
      // Nothing half-written with personal data in it stays behind either.
      expect((await readdir(folder)).sort()).toEqual(indexes.map((index) => `${index}.eml`).sort());
      for (const { index, message_id: messageId } of rows) {
        expect(await messageIdOf(join(folder, `${index}.eml`))).toBe(messageId);
        seen.add(messageId);
      }
    }
    expect(seen.size).toBe(RUNS * RECIPIENTS);
  });

  it('leave no gap in history and events', async () => {
    const gaps = await database.query(
      `select run_id from workflow_step group by run_id having min(seq) <> 1 or max(seq) <> count(*)
       union all
       select run_id from workflow_event group by run_id having min(seq) <> 1 or max(seq) <> count(*)`,
    );
    expect(gaps).toEqual([]);
    const ends = await database.query(
      `select id from workflow_run run
       where history_seq <> (select count(*) from workflow_step where run_id = run.id)
          or event_seq <> (select count(*) from workflow_event where run_id = run.id)`,
    );
    expect(ends).toEqual([]);
  });

  it('leave an audit trail that verifies', async () => {
    const { body } = await client.post('/v1/audit/verify');
    expect(body).toMatchObject({ valid: true, faults: [] });
  });

  it('leave no job behind', async () => {
    const left = await database.query(
      `select name, state, output from pgboss.job
       where state not in ('completed') and start_after <= now() and name <> 'schedule.sweep'`,
    );
    expect(left).toEqual([]);
  });
});

async function messageIdOf(path: string): Promise<string | undefined> {
  return /^Message-ID: (<[^>]+>)\r$/im.exec(await readFile(path, 'utf8'))?.[1];
}
