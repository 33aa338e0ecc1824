import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { SYSTEM_LOG_TENANT_ID } from '../../src/compliance/audit/log/log-state.js';
import { LogUpkeep } from '../../src/compliance/audit/log/log-upkeep.service.js';
import { auditNewEpoch } from '../../src/cli/commands/audit-new-epoch.command.js';
import { auditRotateKey } from '../../src/cli/commands/audit-rotate-key.command.js';
import { FakeContext } from '../harness/command-context.fake.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { ADMIN_KEY, type Product, startProduct } from '../harness/product.js';
import { expectProblem } from '../harness/problem.js';

let product: Product;
let verifier: OfflineVerifier;
let officer: string;
let stranger: string;

beforeAll(async () => {
  verifier = new OfflineVerifier();
  // Seals nothing by itself: the test says when.
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  officer = (await product.makeKey('compliance_officer')).key;
  const { id, key } = await product.makeKey('admin');
  await product.database.force('update api_key set tenant_id = $1 where id = $2', [OTHER_TENANT_ID, id]);
  stranger = key;
});
afterAll(async () => {
  await product?.close();
  verifier.close();
});

const seal = (tenantId = TEST_TENANT_ID) => product.app.get(AuditLog).seal(tenantId);
const get = async (path: string, key = ADMIN_KEY) => product.client.get(`/v1/audit/${path}`, { key });
const vkeys = async (log = 'log') => (await get(log)).body.vkeys as string[];

/** Records something and has it signed. */
async function grow(): Promise<void> {
  await product.makeKey('operator');
  await seal();
}

describe('the log of the instance', () => {
  it('does not hold a log that it has not recorded yet', async () => {
    await grow();
    expectProblem(await get('proofs/instance'), 404, 'AUDIT_NOT_RECORDED_YET');
  });

  it('holds the checkpoints of tenants, and proves it to them', async () => {
    const checkpoint = await product.app.get(AuditLog).checkpoint(TEST_TENANT_ID);
    await product.app.get(LogUpkeep).record();
    expect((await get('proofs/instance', officer)).status).toBe(202);
    await seal(SYSTEM_LOG_TENANT_ID);
    const { body, text } = await get('proofs/instance', officer);
    const leaf = JSON.parse(Buffer.from(body.leaf as string, 'base64').toString('utf8'));
    expect(leaf).toMatchObject({
      type: 'log.checkpoint_recorded',
      detail: {
        origin: checkpoint?.origin,
        size: checkpoint?.size,
        rootHash: checkpoint?.rootHash.toString('hex'),
      },
    });
    const [vkey = ''] = await vkeys('instance/log');
    expect(verifier.verify(text, '--key', vkey)).toMatchObject({ code: 0 });
  });

  it('is read by administrators of the tenant that the instance began with', async () => {
    const { body: info } = await get('instance/log');
    expect(info).toMatchObject({ size: expect.any(Number), origins: [expect.stringContaining('/audit/')] });
    expect((await get('instance/checkpoint')).text).toContain(`${info.origin}\n${info.size}\n`);
    expect((await get('instance/proofs/inclusion?index=0')).body).toMatchObject({ index: 0 });
    const consistency = `instance/proofs/consistency?from=1&to=${info.size}`;
    expect((await get(consistency)).body).toMatchObject({ from: 1, to: info.size });
    expectProblem(await get('instance/proofs/inclusion'), 400, 'VALIDATION_FAILED');
    expectProblem(await get('instance/proofs/inclusion?index=999'), 404, 'AUDIT_EVENT_NOT_FOUND');
    for (const path of [
      'instance/log',
      'instance/checkpoint',
      'instance/proofs/inclusion?index=0',
      consistency,
    ]) {
      expectProblem(await get(path, officer), 403, 'FORBIDDEN');
      expectProblem(await get(path, stranger), 403, 'FORBIDDEN');
      expectProblem(await get(path, 'cs_test_nobody'), 401, 'UNAUTHENTICATED');
    }
  });

  it('gets another name from nobody else, and only when something is wrong', async () => {
    const body = { reason: 'restored-backup', log: 'instance' };
    expectProblem(await product.client.post('/v1/audit/epochs', body, { key: stranger }), 403, 'FORBIDDEN');
    expectProblem(await product.client.post('/v1/audit/epochs', body), 409, 'AUDIT_EPOCH_NOT_NEEDED');
    const context = new FakeContext();
    const args = ['--server', product.client.address, '--key', ADMIN_KEY, '--reason', 'restored-backup'];
    await expect(auditNewEpoch.run(args, context)).rejects.toThrow('AUDIT_EPOCH_NOT_NEEDED');
    await expect(auditNewEpoch.run([...args, '--instance'], context)).rejects.toThrow(
      'AUDIT_EPOCH_NOT_NEEDED',
    );
  });
});

describe('the key that signs', () => {
  const rotate = async (...options: string[]) => {
    const context = new FakeContext();
    const code = await auditRotateKey.run(
      ['--server', product.client.address, '--key', ADMIN_KEY, ...options],
      context,
    );
    expect(code).toBe(0);
    return context.out;
  };
  const checkpoint = async () => (await get('checkpoint')).text;
  const verifies = (note: string, vkey: string) => verifier.verify(note, '--key', vkey).code === 0;

  it('is changed in steps: verifiers of the old and of the new key believe what is signed between', async () => {
    const [old = ''] = await vkeys();
    const told = await rotate();
    const [current = '', ...others] = await vkeys();
    expect(others).toEqual([old]);
    expect(current).not.toBe(old);
    expect(told).toContain(current);
    await grow();
    const between = await checkpoint();
    expect([verifies(between, old), verifies(between, current)]).toEqual([true, true]);

    await rotate('--end-overlap');
    expect(await vkeys()).toEqual([current]);
    await grow();
    const after = await checkpoint();
    expect([verifies(after, old), verifies(after, current)]).toEqual([false, true]);
    // What was signed before is still what it was.
    expect(verifies(between, old)).toBe(true);
  });

  it('is named by the logs that it signs for the first time, and by that of the instance', async () => {
    const events = await product.database.query<{
      tenant_id: string;
      leaf: { detail: object; actor: object };
    }>(
      `select tenant_id, convert_from(leaf, 'UTF8')::json as leaf from audit_event where type = 'log.key_rotated' order by id`,
    );
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(events.filter(({ tenant_id: id }) => id === TEST_TENANT_ID).map(({ leaf }) => leaf)).toEqual([
      expect.objectContaining({
        actor: { type: 'system', ref: 'sequencer' },
        detail: { publicKey: hash, previousPublicKey: hash },
      }),
    ]);
    expect(
      events.filter(({ tenant_id: id }) => id === SYSTEM_LOG_TENANT_ID).map(({ leaf }) => leaf.detail),
    ).toEqual([{ publicKey: hash, previousPublicKey: hash }, { publicKey: hash }]);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('is changed by administrators of the instance only, and one that overlaps nothing cannot end', async () => {
    const again = await product.client.request('DELETE', '/v1/audit/instance/keys/previous');
    expectProblem(again, 409, 'AUDIT_KEY_NOT_OVERLAPPING');
    for (const key of [officer, stranger]) {
      expectProblem(
        await product.client.post('/v1/audit/instance/keys', undefined, { key }),
        403,
        'FORBIDDEN',
      );
      const end = await product.client.request('DELETE', '/v1/audit/instance/keys/previous', { key });
      expectProblem(end, 403, 'FORBIDDEN');
    }
  });
});
