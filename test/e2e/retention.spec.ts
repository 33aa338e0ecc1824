import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PARTS_OF_RUN } from '../../src/workflow/retention/purge.repository.js';
import { type PassResult, RetentionPass } from '../../src/workflow/retention/retention-pass.service.js';
import { RunPurge } from '../../src/workflow/retention/run-purge.service.js';
import { campaignInReview, recipients, startCampaign, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import { startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';
import { SeededRandom } from '../harness/random.js';
import { contentHash, type StoredRun, storedRun, storeRuns } from '../harness/stored-runs.js';

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

/** Tables whose rows belong to one run. */
const TABLES = [
  'approval',
  'approval_decision',
  'approval_delegation',
  'artifact',
  'delivery',
  'vault_token',
  'workflow_attribute',
  'workflow_event',
  'workflow_run',
  'workflow_signal',
  'workflow_step',
];

/** Tables that name a run and outlive it, each with upkeep of its own. */
const OUTLIVE = ['batch_row', 'legal_hold', 'schedule_fire', 'webhook_cursor', 'webhook_message'];

/** No pass comes by itself during a test. */
const SETTINGS = {
  COUNTERSIGN__RETENTION__INTERVAL_MINUTES: '1440',
  COUNTERSIGN__RETENTION__BATCH_SIZE: '7',
  COUNTERSIGN__RETENTION__PAUSE_MS: '0',
};

function pass(app: Product['app'], signal = new AbortController().signal): Promise<PassResult | undefined> {
  return app.get(RetentionPass, { strict: false }).run(signal);
}

/** Ids of runs that a table still speaks of. */
async function runsIn({ database }: Pick<Product, 'database'>, table: string): Promise<string[]> {
  const column = table === 'workflow_run' ? 'id' : 'run_id';
  const rows = await database.query<{ id: string }>(
    `select distinct ${column}::text as id from ${table} order by 1`,
  );
  return rows.map((row) => row.id);
}

/** What the events say that record removals, the newest first. */
async function purgedEvents({ client }: Product): Promise<Record<string, unknown>[]> {
  const { body } = await client.get('/v1/audit/events?type=retention.purged&limit=200');
  return (body.items as { detail: Record<string, unknown> }[]).map((event) => event.detail);
}

describe('a run whose time is over', () => {
  let product: Product;
  let gone: string;
  let kept: string;
  let keptBefore: unknown;
  let result: PassResult | undefined;

  beforeAll(async () => {
    product = await startProduct({ ...SETTINGS, COUNTERSIGN__RETENTION__ARCHIVE: 'file' });
    const { client } = product;
    [gone, kept] = [await campaignInReview(client), await campaignInReview(client)] as [string, string];
    for (const id of [gone, kept]) {
      await client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
      await untilEnded(client, id);
    }
    keptBefore = await everythingOf(kept);
    await product.database.force(`update workflow_run set completed_at = $1 where id = $2`, [
      daysAgo(91),
      gone,
    ]);
    await product.database.force(`update workflow_run set completed_at = $1 where id = $2`, [
      daysAgo(89),
      kept,
    ]);
    result = await pass(product.app);
  });
  afterAll(() => product.close());

  /** What the API shows of a run, but for the time of its end, which the test has moved. */
  async function everythingOf(id: string): Promise<unknown> {
    const paths = ['', '/history?limit=200', '/artifacts', '/approvals', '/deliveries'];
    const answers = await Promise.all(paths.map((path) => product.client.get(`/v1/workflows/${id}${path}`)));
    return answers.map(({ status, body }) => ({
      status,
      body: Object.assign(body, { completedAt: null }) as unknown,
    }));
  }

  it('is the one run that is removed', () => {
    expect(result).toEqual({ runs: 1, contents: expect.any(Number) as number, failedTenants: 0 });
  });

  it.each(['', '/history', '/artifacts', '/approvals', '/deliveries', '/events'])(
    'is not found at /v1/workflows/:id%s, as if it had never been',
    async (path) => {
      const { status, body } = await product.client.get(`/v1/workflows/${gone}${path}`);
      expect([status, body.code]).toEqual([404, 'WORKFLOW_NOT_FOUND']);
    },
  );

  it('leaves no row behind in any table that speaks of runs, but for the audit trail', async () => {
    const speaking = await product.database.query<{ table: string }>(
      `select table_name as table from information_schema.columns join information_schema.tables using (table_schema, table_name)
       where table_schema = 'public' and column_name = 'run_id' and table_type = 'BASE TABLE' and table_name !~ '^audit_'`,
    );
    // A new table is emptied by the purge, or stands in the list of those that outlive a run.
    expect(speaking.map((row) => row.table).toSorted()).toEqual(
      [...TABLES.filter((name) => name !== 'workflow_run'), ...OUTLIVE].toSorted(),
    );
    for (const table of TABLES) expect(await runsIn(product, table), table).not.toContain(gone);
  });

  it('takes its contents along, and leaves those of another run', async () => {
    const contents = await product.database.query<{ hash: string }>(
      `select encode(hash, 'hex') as hash from content`,
    );
    const referred = await product.database.query<{ hash: string }>(
      `select encode(input_hash, 'hex') as hash from workflow_run union select encode(output_hash, 'hex') from workflow_run
       union select encode(output_hash, 'hex') from workflow_step where output_hash is not null
       union select encode(content_hash, 'hex') from artifact`,
    );
    const hashes = (rows: { hash: string }[]) => rows.map((row) => row.hash).toSorted();
    expect(hashes(contents)).toEqual(hashes(referred));
    expect(await product.database.query('select from content_orphan')).toEqual([]);
    expect(await everythingOf(kept)).toEqual(keptBefore);
  });

  it('leaves the audit trail whole, with a record of what went', async () => {
    const { body } = await product.client.post('/v1/audit/verify');
    expect(body).toMatchObject({ valid: true, faults: [] });
    const trail = await product.client.get(`/v1/audit/events?workflowId=${gone}`);
    expect(trail.body.items.length).toBeGreaterThan(10);
    const last = trail.body.items[0] as { leafHash: string };
    const runs = [[gone, trail.body.items.length, Buffer.from(last.leafHash, 'base64').toString('hex')]];
    expect(await purgedEvents(product)).toEqual([
      expect.objectContaining({
        definition: '*',
        retentionDays: 90,
        'removed.workflow_run': 1,
        'removed.delivery': 3,
        runsDigest: createHash('sha256').update(JSON.stringify(runs)).digest('hex'),
      }),
    ]);
  });

  it('stands in an archive that holds no personal data and that only its owner reads', async () => {
    const [detail] = await purgedEvents(product);
    const path = join(product.dataDir, 'archive', String(detail?.['archiveFile']));
    const text = await readFile(path, 'utf8');
    expect(createHash('sha256').update(text).digest('hex')).toBe(detail?.['archiveDigest']);
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const archived = JSON.parse(lines[0] ?? '') as Record<string, { length: number }> & {
      run: { id: string };
    };
    expect(archived).toMatchObject({ v: 1, run: { id: gone, status: 'COMPLETED' } });
    expect(archived['steps']?.length).toBeGreaterThan(5);
    expect(archived['deliveries']?.length).toBe(3);
    expect(Object.keys(archived['contents'] ?? {}).length).toBeGreaterThan(5);
    for (const { name, email } of recipients(3)) {
      expect(text).not.toContain(email);
      expect(text).not.toContain(name);
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('a pass', () => {
  let product: Product;
  const random = new SeededRandom(7);

  beforeAll(async () => {
    product = await startProduct(SETTINGS);
    for (const [definition, days] of [
      ['*', 30],
      ['email-campaign', 10],
      ['collateral-review', 0],
    ]) {
      await product.database.force(
        `insert into retention_policy (tenant_id, definition, retention_days, updated_by, updated_at)
         values ($1, $2, $3, 'somebody', now())`,
        [TEST_TENANT_ID, definition, days],
      );
    }
  });
  afterAll(() => product.close());

  /** Runs of every kind, some of them due; texts are shared among them. */
  function someRuns(count: number): StoredRun[] {
    return Array.from({ length: count }, (_, index) => {
      const endedAt = daysAgo(random.pick([1, 9.99, 10.01, 29.99, 30.01, 89.9, 90.1, 400]));
      const isOpen = index % 11 === 0;
      return storedRun({
        tenantId: index % 3 === 0 ? OTHER_TENANT_ID : TEST_TENANT_ID,
        definition: random.pick(['email-campaign', 'collateral-review', 'retired']),
        status: isOpen
          ? 'WAITING_FOR_APPROVAL'
          : random.pick(['COMPLETED', 'FAILED', 'REJECTED', 'CANCELLED']),
        delivery: random.pick(['sent', 'failed', 'pending', 'sending', 'uncertain', 'sent', 'sent']),
        attributes: { batch: String(index % 4) },
        contents: [`shared ${random.between(1, 60)}`, `own ${index} ${endedAt.getTime()}`],
        createdAt: new Date(endedAt.getTime() - DAY_MS),
        completedAt: isOpen ? null : endedAt,
      });
    });
  }

  /** The policies as their documentation says. */
  function isDue({ completedAt, tenantId, definition, delivery }: StoredRun): boolean {
    const own = { 'email-campaign': 10, 'collateral-review': Infinity }[definition] ?? 30;
    const days = tenantId === OTHER_TENANT_ID ? 90 : own;
    const isSettled = delivery !== 'sending' && delivery !== 'uncertain';
    return completedAt !== null && completedAt < daysAgo(days) && isSettled;
  }

  async function expectLeft(stored: readonly StoredRun[]): Promise<void> {
    const left = stored.filter((run) => !isDue(run));
    for (const table of TABLES) {
      expect(await runsIn(product, table), table).toEqual(left.map((run) => run.id).toSorted());
    }
    const contents = await product.database.query<{ key: string }>(
      `select tenant_id || encode(hash, 'hex') as key from content`,
    );
    const wanted = left.flatMap((run) =>
      run.contents.map((text) => run.tenantId + contentHash(text).toString('hex')),
    );
    expect(contents.map((row) => row.key).toSorted()).toEqual([...new Set(wanted)].toSorted());
  }

  it('removes exactly what is due by the policies of each tenant, two processes at once', async () => {
    const stored = someRuns(300);
    const due = stored.filter(isDue).length;
    expect(due).toBeGreaterThan(50);
    await storeRuns(product.database, stored);
    const other = await startInstance(product, SETTINGS);
    try {
      const results = await Promise.all([pass(product.app), pass(other.app), pass(product.app)]);
      // The others found that somebody is at it, unless the first was done by then.
      expect(results.reduce((sum, result) => sum + (result?.runs ?? 0), 0)).toBe(due);
    } finally {
      await other.close();
    }
    await expectLeft(stored);
    const recorded = await product.database.query<{ runs: number }>(
      `select sum((convert_from(leaf, 'UTF8')::jsonb #>> '{detail,removed.workflow_run}')::int)::int as runs
       from audit_event where type = 'retention.purged'`,
    );
    expect(recorded).toEqual([{ runs: due }]);

    // Nothing is left to do.
    expect(await pass(product.app)).toEqual({ runs: 0, contents: 0, failedTenants: 0 });
    await product.database.force(TABLES.map((table) => `delete from ${table}`).join(';'));
    await product.database.force('delete from content');
  });

  it('can be stopped after any batch, and the next one finishes the work', async () => {
    const stored = someRuns(120);
    await storeRuns(product.database, stored);
    const stop = new AbortController();
    const stopped = pass(product.app, stop.signal);
    await expect
      .poll(async () => (await runsIn(product, 'workflow_run')).length, { timeout: 30_000, interval: 1 })
      .toBeLessThan(120);
    stop.abort();
    await stopped;
    for (const table of TABLES) {
      expect(await runsIn(product, table), table).toEqual(await runsIn(product, 'workflow_run'));
    }
    await pass(product.app);
    await expectLeft(stored);
  });

  it('removes no more from the moment on at which a policy says so', async () => {
    const old = { completedAt: daysAgo(50), createdAt: daysAgo(51) };
    await storeRuns(
      product.database,
      Array.from({ length: 20 }, () => storedRun(old)),
    );
    const purge = product.app.get(RunPurge, { strict: false });
    const removed = async () => (await purge.purge(TEST_TENANT_ID, 'email-campaign', undefined)).runs;
    const keepFor = (retentionDays: number) =>
      product.client.request('PUT', '/v1/retention-policies/email-campaign', { body: { retentionDays } });
    expect(await removed()).toBe(7);
    for (const days of [0, 60]) {
      await keepFor(days);
      expect(await removed()).toBe(0);
    }
    await keepFor(10);
    expect(await pass(product.app)).toMatchObject({ runs: 13 });
  });

  it('lets a run go whose delivery is settled at last', async () => {
    const { database } = product;
    const run = storedRun({ completedAt: daysAgo(50), createdAt: daysAgo(51), delivery: 'uncertain' });
    await storeRuns(database, [run]);
    await pass(product.app);
    expect(await runsIn(product, 'workflow_run')).toContain(run.id);
    await database.force(`update delivery set status = 'sent' where run_id = $1`, [run.id]);
    await pass(product.app);
    expect(await runsIn(product, 'workflow_run')).not.toContain(run.id);
  });

  it('leaves a run that somebody works on for the next', async () => {
    const { database } = product;
    const run = storedRun({ completedAt: daysAgo(50), createdAt: daysAgo(51) });
    await storeRuns(database, [run]);
    await database.database.withTenant(TEST_TENANT_ID, async (trx) => {
      await trx.selectFrom('workflow_run').select('id').where('id', '=', run.id).forUpdate().execute();
      expect(await pass(product.app)).toMatchObject({ runs: 0, failedTenants: 0 });
    });
    expect(await pass(product.app)).toMatchObject({ runs: 1 });
  });

  it('removes nothing that it cannot record', async () => {
    const { database } = product;
    const run = storedRun({ completedAt: daysAgo(50), createdAt: daysAgo(51) });
    await storeRuns(database, [run]);
    await database.query('revoke insert on audit_event from countersign_retention');
    expect(await pass(product.app)).toMatchObject({ runs: 0, failedTenants: 1 });
    for (const table of TABLES.filter((name) => name !== 'workflow_attribute')) {
      expect(await runsIn(product, table), table).toContain(run.id);
    }
    await database.query('grant insert on audit_event to countersign_retention');
    expect(await pass(product.app)).toMatchObject({ runs: 1, failedTenants: 0 });
  });
});

describe('an archive that cannot be written', () => {
  it('keeps every run, and leaves no part of a file', async () => {
    const product = await startProduct({ ...SETTINGS, COUNTERSIGN__RETENTION__ARCHIVE: 'file' });
    try {
      const run = storedRun({ completedAt: daysAgo(100), createdAt: daysAgo(101) });
      await storeRuns(product.database, [run]);
      await product.database.query('revoke insert on audit_event from countersign_retention');
      expect(await pass(product.app)).toMatchObject({ runs: 0, failedTenants: 1 });
      const files = await readdir(join(product.dataDir, 'archive'), { recursive: true });
      expect(files.filter((name) => name.includes('.ndjson'))).toEqual([]);

      await product.database.query('grant insert on audit_event to countersign_retention');
      await product.database.query('revoke select on content from countersign_retention');
      expect(await pass(product.app)).toMatchObject({ runs: 0, failedTenants: 2 });
      expect(await runsIn(product, 'workflow_run')).toEqual([run.id]);
    } finally {
      await product.close();
    }
  });
});

describe('the database itself', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct({ ...SETTINGS, COUNTERSIGN_ROLE: 'api' });
    await startCampaign(product.client);
    await storeRuns(product.database, [storedRun()]);
  });
  afterAll(() => product.close());

  const removing = (condition: string) =>
    product.database.database.withRetention(TEST_TENANT_ID, async (trx) => {
      for (const table of PARTS_OF_RUN) await trx.deleteFrom(table).execute();
      await trx
        .deleteFrom('workflow_run')
        .where((where) => where('completed_at', condition === 'open' ? 'is' : 'is not', null))
        .execute();
    });

  it('refuses to remove a run that has not ended', async () => {
    await expect(removing('open')).rejects.toThrow('has not ended');
  });

  it('refuses to remove a run without a record', async () => {
    await expect(removing('ended')).rejects.toThrow('no audit record');
  });

  it('lets neither the application nor the system remove what belongs to a run', async () => {
    const rows = await product.database.query<{ role: string; table: string }>(
      `select role, "table" from unnest($1::text[]) role, unnest($2::text[]) "table"
       where has_table_privilege(role, "table", 'delete') or has_table_privilege(role, "table", 'truncate') order by 1, 2`,
      [
        ['countersign_app', 'countersign_system', 'countersign_retention'],
        [...TABLES, 'content'],
      ],
    );
    const own = [...TABLES, 'content'].filter((table) => table !== 'workflow_attribute').toSorted();
    expect(rows).toEqual(own.map((table) => ({ role: 'countersign_retention', table })));
  });

  it('has an answer for every table that names a run', async () => {
    const keys = await product.database.query<{ table: string }>(
      `select conrelid::regclass::text as table from pg_constraint
       where contype = 'f' and confrelid = 'workflow_run'::regclass and confdeltype = 'a' order by 1`,
    );
    // A new one is either removed by the purge, or says on its foreign key what becomes of its rows.
    for (const { table } of keys) expect(TABLES).toContain(table);
  });
});
