import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { expectOneLog } from '../harness/one-log.js';
import { type Product, productEnv, startProduct } from '../harness/product.js';
import { SeededRandom } from '../harness/random.js';
import { ServerProcess } from '../harness/server-process.js';

const KILLS = 2;
const CLIENTS = 2;
const SEED = Number(process.env['CRASH_SEED'] ?? 1_337);
const QUICK = { COUNTERSIGN__AUDIT__CHECKPOINT_INTERVAL_MS: '10' };

/** One process records, two others seal and sign, and are killed in the middle of it. */
describe('sequencers that are killed with SIGKILL under load', () => {
  let product: Product;
  const processes: ServerProcess[] = [];
  /** Ids of keys whose making was acknowledged. */
  const acknowledged: string[] = [];

  async function startWorker(): Promise<ServerProcess> {
    const env = { ...productEnv(product.database.url, product.dataDir), ...QUICK };
    const started = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'worker' });
    processes.push(started);
    return started;
  }

  const sealed = async () =>
    (
      await product.database.query<{ size: number }>(
        'select coalesce(max(size), 0)::int as size from audit_head where tenant_id = $1',
        [TEST_TENANT_ID],
      )
    )[0]?.size ?? 0;

  beforeAll(async () => {
    product = await startProduct({ ...QUICK, COUNTERSIGN_ROLE: 'api' });
    const workers = await Promise.all([startWorker(), startWorker()]);
    const enough = new AbortController();
    const load = Array.from({ length: CLIENTS }, async () => {
      while (!enough.signal.aborted) acknowledged.push((await product.makeKey('operator')).id);
    });
    const random = new SeededRandom(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      const wanted = (await sealed()) + random.between(1, 60);
      while ((await sealed()) < wanted) await pause(2);
      const victim = random.pick(workers);
      await victim.end('SIGKILL');
      workers.splice(workers.indexOf(victim), 1, await startWorker());
    }
    enough.abort();
    await Promise.all(load);
    await product.app.get(AuditLog).seal(TEST_TENANT_ID);
  }, 300_000);
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.end('SIGKILL')));
    await product?.close();
  });

  it('leave a record of everything that was acknowledged', async () => {
    const recorded = await product.database.query<{ ref: string }>(
      `select convert_from(leaf, 'UTF8')::json #>> '{targets,0,ref}' as ref from audit_event where type = 'api_key.created'`,
    );
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    const refs = new Set(recorded.map(({ ref }) => ref));
    expect(acknowledged.filter((id) => !refs.has(id))).toEqual([]);
  });

  it('give every event one place without a gap, and sign nothing but prefixes of the tree', async () => {
    await expectOneLog(product.database, TEST_TENANT_ID);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
  });
});
