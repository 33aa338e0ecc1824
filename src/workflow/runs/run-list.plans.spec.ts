import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, TEST_TENANT_ID } from '../../../test/harness/database.js';
import { storedRun, storeRuns } from '../../../test/harness/stored-runs.js';
import type { Tables } from '../../database/tables.js';
import { type RunFilter, RunListRepository } from './run-list.repository.js';

const RUNS = 20_000;
const DAY_MS = 86_400_000;
const START = Date.UTC(2030, 0, 1);

let database: TestDatabase;
let db: Kysely<Tables>;
let asked: { sql: string; parameters: readonly unknown[] } | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  const template = storedRun({ createdAt: new Date(START) });
  await storeRuns(database, [template]);
  // Like the one run, spread over a hundred days. The failed ones are the oldest: no order of a list finds them soon.
  await database.force(
    `insert into workflow_run (id, tenant_id, definition, definition_version, session_id, owner_id, status, phase,
       input_hash, context, attributes, degraded, created_at, updated_at, completed_at)
     select (left(time_hex, 8) || '-' || right(time_hex, 4) || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, tenant_id,
       case when n % 200 = 0 then 'rare' else 'email-campaign' end, 1, gen_random_uuid(), 'owner-' || n % 100,
       case when n < 200 then 'FAILED' when n > ${RUNS} - 50 then 'RUNNING' else 'COMPLETED' end,
       case when n < 200 then 'GENERATION' else 'DELIVERY' end, input_hash, '{}',
       jsonb_build_object('customer', 'c-' || n % 1000), n % 200 = 7, at, at,
       case when n > ${RUNS} - 50 then null else at end
     from workflow_run, generate_series(1, ${RUNS}) n,
       lateral (select created_at + n * interval '100 days' / ${RUNS} as at) moment,
       lateral (select lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') as time_hex) digits`,
  );
  await database.force(
    `insert into workflow_attribute (tenant_id, key, value, run_id)
     select tenant_id, key, value, id from workflow_run, jsonb_each_text(attributes)`,
  );
  await database.query('analyze workflow_run; analyze workflow_attribute');
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => {
      asked = query;
    },
  });
});
afterAll(async () => {
  await db.destroy();
  await database.close();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** The plan of a list as the server of a tenant runs it, row-level security included. */
function planOf(filter: RunFilter, order: 'asc' | 'desc'): Promise<Plan> {
  return db.connection().execute(async (trx) => {
    await sql
      .raw(`begin; set local role countersign_app; set local app.tenant_id = '${TEST_TENANT_ID}'`)
      .execute(trx);
    try {
      await new RunListRepository().list(trx, filter, { limit: 51, order });
      const { sql: text = '', parameters = [] } = asked ?? {};
      const explained = await trx.executeQuery<{ 'QUERY PLAN': { Plan: Plan }[] }>({
        sql: `explain (analyze, format json) ${text}`,
        parameters,
        query: sql`explain`.toOperationNode(),
        queryId: { queryId: 'explain' },
      });
      const [row] = explained.rows;
      const [plan] = row?.['QUERY PLAN'] ?? [];
      if (!plan) throw new Error('nothing was explained');
      return plan.Plan;
    } finally {
      await sql`rollback`.execute(trx);
    }
  });
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
const day = (number: number) => new Date(START + number * DAY_MS);

const LISTS: readonly (readonly [string, RunFilter])[] = [
  ['everything', {}],
  ['one status', { statuses: ['COMPLETED'] }],
  ['a status that only old runs have', { statuses: ['FAILED'] }],
  ['two ends', { statuses: ['FAILED', 'CANCELLED'] }],
  ['open runs', { statuses: ['QUEUED', 'RUNNING', 'WAITING_FOR_APPROVAL'] }],
  ['a phase', { phase: 'GENERATION' }],
  ['a phase of no run', { phase: 'STRATEGY_ANALYSIS' }],
  ['a definition', { definition: 'email-campaign' }],
  ['a rare definition', { definition: 'rare' }],
  ['a definition of no run', { definition: 'none' }],
  ['failures of a definition', { definition: 'rare', statuses: ['FAILED'] }],
  ['a version of no run', { definition: 'email-campaign', version: 9 }],
  ['an owner', { ownerId: 'owner-7' }],
  ['a session of no run', { sessionId: '01a1fc0e-64df-74a4-a703-3f7fe916c128' }],
  ['degraded runs', { degraded: true }],
  ['an attribute', { attributes: { customer: 'c-7' } }],
  ['an attribute of no run', { attributes: { nothing: '1' } }],
  ['an old day', { createdAfter: day(10), createdBefore: day(11) }],
  ['all but the last days', { createdBefore: day(60) }],
  ['what was touched last', { updatedAfter: day(99.9) }],
  ['what ended long ago', { completedBefore: day(1) }],
  ['what ended before the last days', { completedBefore: day(60) }],
];

it.each(LISTS)('finds %s by an index, without reading runs in vain', async (_what, filter) => {
  for (const order of ['desc', 'asc'] as const) {
    const nodes = nodesOf(await planOf(filter, order));
    const ofRuns = nodes.filter((node) => node['Relation Name'] === 'workflow_run');
    expect(ofRuns.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    expect(ofRuns.length).toBeGreaterThan(0);
    // At most what lies in the tolerance of ids (an hour on each side), and open runs.
    const inVain = ofRuns.map((node) => node['Rows Removed by Filter'] ?? 0);
    expect(Math.max(...inVain), JSON.stringify(ofRuns, null, 1)).toBeLessThan(RUNS / 50);
  }
});
