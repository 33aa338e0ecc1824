import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { LogCheckpointer } from '../../src/compliance/audit/log/log-checkpointer.service.js';
import { LogSealer } from '../../src/compliance/audit/log/log-sealer.service.js';
import { LogStopped } from '../../src/compliance/audit/log/log-stopped.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';

const LOG_TABLES = ['audit_head', 'audit_index', 'audit_tile', 'audit_checkpoint', 'audit_cosignature'];

let product: Product;

beforeAll(async () => {
  // Seals nothing by itself: the test says when.
  product = await startProduct({ COUNTERSIGN_ROLE: 'api', COUNTERSIGN__AUDIT__CHECKPOINT_INTERVAL_MS: '10' });
});
afterAll(() => product?.close());

const log = () => product.app.get(AuditLog);
const unguarded = (statements: string) =>
  product.database.query(`begin; set local session_replication_role = replica; ${statements}; commit`);

/** Puts the log back to what it was, as a restored backup does. */
async function restore(): Promise<void> {
  await unguarded(
    LOG_TABLES.map((table) => `delete from ${table}; insert into ${table} select * from kept_${table}`).join(
      ';',
    ),
  );
}

describe('a database that lies behind its anchor', () => {
  let lost: { size: number; origin: string };

  beforeAll(async () => {
    await product.makeKey('operator');
    await log().seal(TEST_TENANT_ID);
    await product.database.query(
      LOG_TABLES.map((table) => `create table kept_${table} as select * from ${table}`).join(';'),
    );
    await product.makeKey('operator');
    await log().seal(TEST_TENANT_ID);
    const checkpoint = await log().checkpoint(TEST_TENANT_ID);
    lost = { size: checkpoint?.size ?? 0, origin: checkpoint?.origin ?? '' };
    await restore();
    await product.makeKey('operator');
  });

  it('is neither sealed nor signed, and another process says why it is not ready', async () => {
    await expect(product.app.get(LogSealer).sealBatch(TEST_TENANT_ID)).rejects.toThrow(LogStopped);
    await product.app.get(LogCheckpointer).checkpointNow(TEST_TENANT_ID);
    expect((await log().checkpoint(TEST_TENANT_ID))?.size).toBeLessThan(lost.size);
    const instance = await startInstance(product, { COUNTERSIGN_ROLE: 'worker' });
    const { status } = await instance.client.until('/health/ready', (answer) => answer.status === 503);
    expect(status).toBe(503);
    await instance.close();
  });

  it('is found by verification', async () => {
    const { body } = await product.client.post('/v1/audit/verify');
    expect(body.valid).toBe(false);
    expect(body.faults.map(({ reason }: { reason: string }) => reason)).toContain('anchor_differs');
  });

  it('goes on under a new name once an administrator says so, and tells it first', async () => {
    const { key } = await product.makeKey('compliance_officer');
    const reason = { reason: 'restored-backup' };
    expect((await product.client.post('/v1/audit/epochs', reason, { key })).body.code).toBe('FORBIDDEN');
    expect((await product.client.post('/v1/audit/epochs', { reason: 'x' })).body.code).toBe(
      'VALIDATION_FAILED',
    );

    const { status, body } = await product.client.post('/v1/audit/epochs', reason);
    expect(status).toBe(201);
    expect(body).toMatchObject({ epoch: 2, origin: lost.origin.replace(/1$/, '2') });
    await log().seal(TEST_TENANT_ID);
    const proof = await product.client.get(`/v1/audit/proofs/inclusion?eventId=${body.eventId as string}`);
    expect(proof.body).toMatchObject({
      index: body.index,
      checkpoint: expect.stringContaining(`${body.origin}\n`),
    });
    expect(JSON.parse(Buffer.from(proof.body.leaf as string, 'base64').toString('utf8'))).toMatchObject({
      type: 'log.epoch_opened',
      detail: { reason: 'restored-backup', epoch: 2, previousOrigin: lost.origin, previousSize: lost.size },
    });
    await product.client.until('/health/ready', ({ status: code }) => code === 200);
  });

  it('keeps its name while nothing is wrong', async () => {
    const { status, body } = await product.client.post('/v1/audit/epochs', { reason: 'other' });
    expect([status, body.code]).toEqual([409, 'AUDIT_EPOCH_NOT_NEEDED']);
  });
});
