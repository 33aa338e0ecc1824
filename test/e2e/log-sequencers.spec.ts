import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { LogKeys } from '../../src/compliance/audit/log/log-keys.service.js';
import { LogSealer } from '../../src/compliance/audit/log/log-sealer.service.js';
import { SYSTEM_LOG_TENANT_ID } from '../../src/compliance/audit/log/log-state.js';
import { LogUpkeep } from '../../src/compliance/audit/log/log-upkeep.service.js';
import { parseCheckpoint } from '../../src/compliance/audit/merkle/checkpoint.js';
import { parseNote, signersOf } from '../../src/compliance/audit/merkle/signed-note.js';
import { parseVerifierKey } from '../../src/compliance/audit/merkle/verifier-key.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { expectOneLog } from '../harness/one-log.js';
import { type Product, startProduct } from '../harness/product.js';

const QUICK = {
  COUNTERSIGN__AUDIT__CHECKPOINT_INTERVAL_MS: '10',
  COUNTERSIGN__AUDIT__COSIGN_MINUTES: '0.001',
};

let product: Product;
let other: Instance;

beforeAll(async () => {
  product = await startProduct(QUICK);
  other = await startInstance(product, QUICK);
});
afterAll(async () => {
  await other?.close();
  await product?.close();
});

const record = (count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, at) =>
      (at % 2 === 0 ? product : other).client.post('/v1/api-keys', {
        name: `key ${at}`,
        roles: ['operator'],
      }),
    ),
  );

describe('two sequencers', () => {
  it('give every acknowledged change one place, without a gap', async () => {
    const answers = await record(120);
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    await product.app.get(AuditLog).seal(TEST_TENANT_ID);
    await expectOneLog(product.database, TEST_TENANT_ID);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
  });

  it('go on from what is committed when they are cut off in the middle', async () => {
    for (let round = 0; round < 5; round++) {
      const recording = record(20);
      const sealing = Promise.allSettled([
        product.app.get(LogSealer).sealBatch(TEST_TENANT_ID),
        other.app.get(LogSealer).sealBatch(TEST_TENANT_ID),
      ]);
      await product.database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and query ilike '%audit_%' and pid <> pg_backend_pid()
            and application_name = 'countersign' and query not ilike '%audit_given%'`,
      );
      await sealing;
      await recording;
    }
    await product.app.get(AuditLog).seal(TEST_TENANT_ID);
    await expectOneLog(product.database, TEST_TENANT_ID);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
  });
});

describe('the log of the instance', () => {
  it('holds where the logs of tenants stood', async () => {
    await record(1);
    await product.app.get(AuditLog).seal(TEST_TENANT_ID);
    await product.app.get(LogUpkeep).record();
    const checkpoint = await product.app.get(AuditLog).checkpoint(TEST_TENANT_ID);
    await product.app.get(AuditLog).seal(SYSTEM_LOG_TENANT_ID);
    const leaves = await product.database.query<{ detail: unknown }>(
      `select convert_from(leaf, 'UTF8')::json -> 'detail' as detail from audit_event where type = 'log.checkpoint_recorded'`,
    );
    expect(leaves.map(({ detail }) => detail)).toContainEqual({
      origin: checkpoint?.origin,
      size: checkpoint?.size,
      rootHash: checkpoint?.rootHash.toString('hex'),
    });
    await expectOneLog(product.database, SYSTEM_LOG_TENANT_ID);
    // What stands there already is not put there again.
    await product.app.get(LogUpkeep).record();
    expect(await product.app.get(LogSealer).sealBatch(SYSTEM_LOG_TENANT_ID)).toMatchObject({ sealed: 0 });
  });
});

describe('an idle log', () => {
  it('says when it was last looked at', async () => {
    await record(1);
    await product.app.get(AuditLog).seal(TEST_TENANT_ID);
    const key = parseVerifierKey(product.app.get(LogKeys).cosignerKey);
    await expect
      .poll(
        async () => {
          await product.app.get(LogUpkeep).cosignIdle();
          const note = parseNote((await product.client.get('/v1/audit/checkpoint')).text);
          return note && key && parseCheckpoint(note.text) ? signersOf(note, [key]).length : 0;
        },
        { timeout: 5_000 },
      )
      .toBe(1);
  });
});
