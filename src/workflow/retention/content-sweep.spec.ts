import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  OTHER_TENANT_ID,
  type TestDatabase,
  TEST_TENANT_ID,
} from '../../../test/harness/database.js';
import { contentHash, storedRun, storeRuns } from '../../../test/harness/stored-runs.js';
import type { Trx } from '../../database/trx.js';
import { newId } from '../../kernel/ids.js';
import { ContentSweepRepository } from './content-sweep.repository.js';
import { ContentSweep } from './content-sweep.service.js';

const TEXT = 'shared content';
const never = new AbortController().signal;

describe('the sweep of contents', () => {
  const contents = new ContentSweepRepository();
  let database: TestDatabase;
  let sweep: ContentSweep;

  beforeEach(async () => {
    database = await createTestDatabase();
    sweep = new ContentSweep(database.database, contents);
  });
  afterEach(() => database.close());

  async function note(tenantId: string, ...texts: string[]): Promise<void> {
    await database.query(`insert into content_orphan (tenant_id, hash) select $1, unnest($2::bytea[])`, [
      tenantId,
      texts.map(contentHash),
    ]);
  }

  async function storeContent(tenantId: string, text: string): Promise<void> {
    await database.query(`insert into content (tenant_id, hash, body) values ($1, $2, to_jsonb($3::text))`, [
      tenantId,
      contentHash(text),
      text,
    ]);
  }

  const count = async (table: string, tenantId = TEST_TENANT_ID): Promise<number> => {
    const rows = await database.query<{ count: number }>(
      `select count(*)::int as count from ${table} where tenant_id = $1`,
      [tenantId],
    );
    return rows[0]?.count ?? -1;
  };

  /** Stores a content as the engine does, and a step that refers to it; the run is there already. */
  async function refer(trx: Trx, runId: string): Promise<void> {
    const hash = contentHash(TEXT);
    await trx
      .insertInto('content')
      .values({ tenant_id: TEST_TENANT_ID, hash, body: JSON.stringify(TEXT) })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'hash']).doNothing())
      .execute();
    const now = new Date();
    await trx
      .insertInto('workflow_step')
      .values({
        tenant_id: TEST_TENANT_ID,
        run_id: runId,
        seq: 99,
        kind: 'step',
        phase: 'GENERATION',
        status: 'completed',
        output_hash: hash,
        started_at: now,
        ended_at: now,
      })
      .execute();
  }

  /** Waits until somebody waits for a lock of the contents. */
  async function untilWaiting(): Promise<void> {
    const waiting = () =>
      database.query(`select from pg_locks where relation = 'content'::regclass and not granted`);
    await expect.poll(waiting, { timeout: 20_000 }).toHaveLength(1);
  }

  it('removes what nothing refers to, and nothing else', async () => {
    await storeContent(TEST_TENANT_ID, 'not noted');
    await storeContent(TEST_TENANT_ID, 'noted');
    await storeContent(OTHER_TENANT_ID, 'noted');
    await storeRuns(database, [
      storedRun({ contents: ['input', 'output'] }),
      storedRun({ tenantId: OTHER_TENANT_ID, contents: ['noted'] }),
    ]);
    await note(TEST_TENANT_ID, 'noted', 'input', 'output', 'was never there');
    await note(OTHER_TENANT_ID, 'noted');

    expect(await sweep.sweep(TEST_TENANT_ID, never)).toBe(1);
    const left = await database.query<{ body: string }>(
      `select body from content where tenant_id = $1 order by 1`,
      [TEST_TENANT_ID],
    );
    expect(left.map((row) => row.body)).toEqual(['input', 'not noted', 'output']);
    expect(await count('content_orphan')).toBe(0);
    expect(await count('content', OTHER_TENANT_ID)).toBe(1);
    expect(await count('content_orphan', OTHER_TENANT_ID)).toBe(1);
  });

  it.each(['workflow_run input', 'workflow_run output', 'workflow_step', 'artifact'])(
    'keeps a content that only one place refers to: %s',
    async (place) => {
      const run = storedRun({ contents: ['other', 'another'] });
      await storeRuns(database, [run]);
      await storeContent(TEST_TENANT_ID, TEXT);
      const [table, column] = {
        'workflow_run input': ['workflow_run', 'input_hash'],
        'workflow_run output': ['workflow_run', 'output_hash'],
        workflow_step: ['workflow_step', 'output_hash'],
        artifact: ['artifact', 'content_hash'],
      }[place] as [string, string];
      await database.force(`update ${table} set ${column} = $1`, [contentHash(TEXT)]);
      await note(TEST_TENANT_ID, TEXT);
      expect(await sweep.sweep(TEST_TENANT_ID, never)).toBe(0);
      expect(await count('content')).toBe(3);
    },
  );

  it('keeps a content that a transaction under way has come to refer to', async () => {
    const run = storedRun();
    await storeRuns(database, [run]);
    await storeContent(TEST_TENANT_ID, TEXT);
    await note(TEST_TENANT_ID, TEXT);
    const referred = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const writer = database.database.withTenant(TEST_TENANT_ID, async (trx) => {
      await refer(trx, run.id);
      referred.resolve();
      await commit.promise;
    });
    await referred.promise;
    const sweeping = sweep.sweep(TEST_TENANT_ID, never);
    await untilWaiting();
    commit.resolve();
    await writer;
    expect(await sweeping).toBe(0);
    expect(await count('content')).toBe(2);
    expect(await count('content_orphan')).toBe(0);
  });

  it('gives a content back to a transaction that wants it while it is removed', async () => {
    const run = storedRun();
    await storeRuns(database, [run]);
    await storeContent(TEST_TENANT_ID, TEXT);
    await note(TEST_TENANT_ID, TEXT);
    let writer: Promise<void> | undefined;
    await database.database.withRetention(TEST_TENANT_ID, async (trx) => {
      await contents.lockContents(trx, 1_000);
      expect(await contents.sweep(trx, 10)).toEqual({ looked: 1, removed: 1 });
      writer = database.database.withTenant(TEST_TENANT_ID, (other) => refer(other, run.id));
      await untilWaiting();
    });
    await writer;
    expect(await database.query(`select from content where hash = $1`, [contentHash(TEXT)])).toHaveLength(1);
  });

  it('leaves what it cannot look at now for later', async () => {
    await storeContent(TEST_TENANT_ID, TEXT);
    await note(TEST_TENANT_ID, TEXT);
    const stop = new AbortController();
    const release = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holder = database.database.withRetention(TEST_TENANT_ID, async (trx) => {
      await contents.lockContents(trx, 1_000);
      locked.resolve();
      await release.promise;
    });
    await locked.promise;
    const sweeping = sweep.sweep(TEST_TENANT_ID, stop.signal);
    stop.abort();
    expect(await sweeping).toBe(0);
    release.resolve();
    await holder;
    expect(await count('content_orphan')).toBe(1);
    expect(await sweep.sweep(TEST_TENANT_ID, never)).toBe(1);
  });

  it('works through a list of any length', async () => {
    const texts = Array.from({ length: 1_203 }, () => newId());
    await database.query(
      `insert into content (tenant_id, hash, body) select $1, hash, '1' from unnest($2::bytea[]) hash`,
      [TEST_TENANT_ID, texts.map(contentHash)],
    );
    await note(TEST_TENANT_ID, ...texts);
    expect(await sweep.sweep(TEST_TENANT_ID, never)).toBe(1_203);
    expect(await count('content')).toBe(0);
  });
});
