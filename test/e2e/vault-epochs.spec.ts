import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditTrail } from '../../src/compliance/audit/audit-trail.service.js';
import { KekRing } from '../../src/compliance/pii/kek-ring.service.js';
import { TokenVault } from '../../src/compliance/pii/token-vault.service.js';
import { KekUpkeepRepository } from '../../src/compliance/subjects/kek-upkeep.repository.js';
import { KekUpkeep } from '../../src/compliance/subjects/kek-upkeep.service.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { campaignInReview, recipients } from '../harness/campaign.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';

const DAY_MS = 86_400_000;
const ROOT = Buffer.alloc(32, 7).toString('base64');

/** The upkeep of a product, some days from now. */
function upkeepIn(days: number, product: Pick<Product, 'app' | 'config'>): KekUpkeep {
  const part = <T>(type: new (...args: never[]) => T) => product.app.get(type, { strict: false });
  return new KekUpkeep(
    part(DatabaseService),
    part(KekUpkeepRepository),
    part(KekRing),
    part(TokenVault),
    part(AuditTrail),
    product.config.vault,
    product.config.server,
    { now: () => new Date(Date.now() + days * DAY_MS) },
  );
}

const wrappers = async ({ database }: Product) => {
  const rows = await database.query<{ kek_id: string | null }>(
    'select distinct kek_id from subject_key where wrapped_key is not null order by 1',
  );
  return rows.map((row) => row.kek_id);
};

describe('keys of epochs that the instance makes', () => {
  let product: Product;
  let runId: string;

  beforeAll(async () => {
    product = await startProduct({ COUNTERSIGN__VAULT__KEK: '', COUNTERSIGN_LOG_LEVEL: 'silent' });
    runId = await campaignInReview(product.client);
  });
  afterAll(() => product?.close());

  const files = () => readdir(join(product.dataDir, 'keys', 'epochs'));
  const opened = () =>
    product.app
      .get(DatabaseService)
      .withTenant(TEST_TENANT_ID, (trx) =>
        product.app.get(TokenVault, { strict: false }).open(trx, TEST_TENANT_ID, runId),
      );

  it('stand as files of their own, and wrap the keys of persons', async () => {
    const [file] = await files();
    expect(await wrappers(product)).toEqual([file?.replace('.kek', '')]);
  });

  it('say in the receipt of an erasure when backups become unreadable', async () => {
    const email = recipients(2)[1]?.email ?? '';
    const asked = await product.client.request('DELETE', `/v1/subjects/${email}`);
    const { body } = await product.client.until(
      `/v1/subjects/erasures/${asked.body.id}`,
      ({ body: receipt }) => receipt.status === 'completed',
    );
    const days = (new Date(body.backupsUnreadableFrom).getTime() - Date.now()) / DAY_MS;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThanOrEqual(30);
  });

  it('are left alone while their epoch lasts', async () => {
    const [before] = await wrappers(product);
    expect(await upkeepIn(29, product).run()).toBe(0);
    expect(await wrappers(product)).toEqual([before]);
  });

  it('are destroyed at its end, when living keys are wrapped anew; what was erased stays unreadable', async () => {
    const [before] = await wrappers(product);
    const values = (await opened()).length;
    const [backup] = await product.database.query<{ wrapped_key: Buffer; subject_ref: string }>(
      'select wrapped_key, subject_ref from subject_key where wrapped_key is not null limit 1',
    );
    expect(await upkeepIn(31, product).run()).toBeGreaterThan(0);
    const [after] = await wrappers(product);
    expect(after).not.toBe(before);
    expect(await files()).toEqual([`${after}.kek`]);
    expect(await opened()).toHaveLength(values);
    const ring = product.app.get(KekRing, { strict: false });
    expect(() => ring.wrappingKey(before ?? '', TEST_TENANT_ID)).toThrow('vault');
    expect(backup?.wrapped_key).toBeDefined();
    const { body } = await product.client.get('/v1/audit/events?type=vault.kek_rotated');
    expect(body.items).toMatchObject([{ detail: { to: after } }]);
  });
});

describe('keys of epochs that the operator gives', () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ COUNTERSIGN_LOG_LEVEL: 'silent' });
    await campaignInReview(product.client);
  });
  afterAll(() => product?.close());

  it('take over from the instance’s own key and from each other, and the last one opens everything', async () => {
    expect(await wrappers(product)).toEqual([null]);
    const epochs = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64'));
    for (const [index, epoch] of epochs.entries()) {
      const instance = await startInstance(product, {
        COUNTERSIGN__VAULT__KEK: ROOT,
        COUNTERSIGN__VAULT__EPOCH_KEK: epoch,
        COUNTERSIGN__VAULT__PREVIOUS_EPOCH_KEK: epochs[index - 1] ?? '',
        COUNTERSIGN_LOG_LEVEL: 'silent',
      });
      try {
        const own = { app: instance.app, config: product.config };
        expect(await upkeepIn(0, own).run()).toBeGreaterThan(0);
        expect(await upkeepIn(0, own).run()).toBe(0);
        expect((await campaignInReview(instance.client)).length).toBeGreaterThan(0);
      } finally {
        await instance.close();
      }
    }
    expect(await wrappers(product)).toEqual([expect.stringMatching(/^config-[0-9a-f]{16}$/)]);
  });
});
