import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { ObjectStoreAnchor } from '../../src/compliance/audit/log/object-store-anchor.service.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { ObjectStoreServer } from '../harness/object-store-server.js';
import { startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';

const store = new ObjectStoreServer();
let product: Product;
let env: Record<string, string>;

beforeAll(async () => {
  await store.listen();
  env = {
    // Seals and puts nothing by itself: the test says when.
    COUNTERSIGN_ROLE: 'api',
    ...store.env,
    COUNTERSIGN__AUDIT__OBJECT_STORE_LOCK_DAYS: '400',
  };
  product = await startProduct(env);
  await grow();
});
afterAll(async () => {
  await product?.close();
  await store.close();
});

const put = (of: Pick<Product, 'app'> = product) => of.app.get(ObjectStoreAnchor).put();
const info = async () => (await product.client.get('/v1/audit/log')).body;
const anchor = async () =>
  (await info()).anchors.find(({ name }: { name: string }) => name === 'object-store');
const nameOf = async (size: number) => `/anchors/${(await info()).origin}/${String(size).padStart(16, '0')}`;

/** Records something and has it signed. */
async function grow(): Promise<void> {
  await product.makeKey('operator');
  await product.app.get(AuditLog).seal(TEST_TENANT_ID);
}

describe('an object store', () => {
  it('is given the newest checkpoint of a log, signed, locked and under a name that tells its size', async () => {
    await put();
    const { checkpointSize } = await info();
    const stored = store.objects.get(await nameOf(checkpointSize));
    expect(stored?.body).toBe((await product.client.get('/v1/audit/checkpoint')).text);
    const days = (Date.parse(stored?.lockedUntil ?? '') - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(400);
    expect(await anchor()).toMatchObject({ required: false, failing: false });
  });

  it('is given each checkpoint once, by whichever process comes first', async () => {
    await put();
    await grow();
    const before = store.objects.size;
    await put();
    expect(store.objects.size).toBe(before + 1);
    const other = await startInstance(product, env);
    await put(other);
    await other.close();
    expect(store.objects.size).toBe(before + 1);
  });

  it('that does not answer is told to fail, and gets what it missed later', async () => {
    await grow();
    store.isDown = true;
    await put();
    expect(await anchor()).toMatchObject({ failing: true });
    store.isDown = false;
    await put();
    expect(await anchor()).toMatchObject({ failing: false });
    expect(store.objects.has(await nameOf((await info()).checkpointSize))).toBe(true);
  });

  it('tells that the database lies behind what was signed', async () => {
    const ahead = await nameOf(1_000_000);
    store.objects.set(ahead, { body: '', lockedUntil: undefined });
    const restarted = await startInstance(product, env);
    await put(restarted);
    expect((await restarted.client.get('/v1/audit/log')).body.anchors).toContainEqual(
      expect.objectContaining({ name: 'object-store', failing: true }),
    );
    await restarted.close();
    store.objects.delete(ahead);
  });

  it('tells that another tree of the same size was signed before', async () => {
    const known = store.objects.get(await nameOf((await info()).checkpointSize))?.body ?? '';
    await grow();
    const { checkpointSize } = await info();
    const name = await nameOf(checkpointSize);
    const [origin = '', , ...rest] = known.split('\n');
    store.objects.set(name, { body: [origin, checkpointSize, ...rest].join('\n'), lockedUntil: undefined });
    await put();
    expect(await anchor()).toMatchObject({ failing: true });
    store.objects.delete(name);
    await put();
    expect(await anchor()).toMatchObject({ failing: false });
  });
});

it('is not asked with a secret that is not the key’s', async () => {
  const stranger = await startInstance(product, { ...env, COUNTERSIGN__AUDIT__OBJECT_STORE_SECRET: 'other' });
  const before = store.objects.size;
  await grow();
  await put(stranger);
  expect(store.objects.size).toBe(before);
  await stranger.close();
});
