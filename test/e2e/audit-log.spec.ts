import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { parseCheckpoint } from '../../src/compliance/audit/merkle/checkpoint.js';
import { isConsistent, isIncluded } from '../../src/compliance/audit/merkle/proof-checks.js';
import { parseNote, signersOf } from '../../src/compliance/audit/merkle/signed-note.js';
import { parseVerifierKey, type VerifierKey } from '../../src/compliance/audit/merkle/verifier-key.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import { ADMIN_KEY, type Product, startProduct } from '../harness/product.js';

let product: Product;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN__AUDIT__CHECKPOINT_INTERVAL_MS: '10' });
});
afterAll(() => product?.close());

/** Leaves an event behind, and names it. */
async function record(): Promise<string> {
  await product.makeKey('operator');
  const { body } = await product.client.get('/v1/audit/events?type=api_key.created&limit=1');
  return (body.items as { id: string }[])[0]?.id ?? '';
}

const seal = () => product.app.get(AuditLog).seal(TEST_TENANT_ID);
const bytes = (texts: unknown) => (texts as string[]).map((text) => Buffer.from(text, 'base64'));

/** What a client reads out of a checkpoint once it has checked the signature with a key from elsewhere. */
async function opened(note: unknown) {
  const { body } = await product.client.get('/v1/audit/log');
  const keys = (body.vkeys as string[]).map((vkey) => parseVerifierKey(vkey) as VerifierKey);
  const parsed = parseNote(String(note));
  if (!parsed) throw new Error('no signed note');
  expect(signersOf(parsed, keys)).toHaveLength(keys.length);
  const checkpoint = parseCheckpoint(parsed.text);
  if (!checkpoint) throw new Error('no checkpoint');
  expect(checkpoint.origin).toBe(body.origin);
  return checkpoint;
}

describe('the audit log', () => {
  it('says who it is and how it stands', async () => {
    await record();
    await seal();
    const { status, body } = await product.client.get('/v1/audit/log');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      origin: `countersign/audit/${body.logId as string}/1`,
      epoch: 1,
      origins: [body.origin],
      vkeys: [expect.stringMatching(/^countersign\/audit\/.+\+[0-9a-f]{8}\+/)],
      size: body.checkpointSize,
      minimumIndex: 0,
      pending: 0,
      anchors: [{ name: 'file', required: false, failing: false, lastAnchoredAt: expect.any(String) }],
    });
  });

  it('signs checkpoints that its keys verify', async () => {
    await record();
    await seal();
    const { status, text, headers } = await product.client.get('/v1/audit/checkpoint');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    const checkpoint = await opened(text);
    const { body } = await product.client.get('/v1/audit/log');
    expect(Number(checkpoint.size)).toBe(body.size);
  });

  it('proves that an event is in it, once it is asked to wait', async () => {
    const eventId = await record();
    const { status, body } = await product.client.get(`/v1/audit/proofs/inclusion?eventId=${eventId}`, {
      headers: { prefer: 'wait=10' },
    });
    expect(status).toBe(200);
    const { size, rootHash } = await opened(body.checkpoint);
    const leaf = Buffer.from(body.leaf as string, 'base64');
    const leafHash = createHash('sha256').update(Buffer.of(0)).update(leaf).digest();
    expect(leafHash.toString('base64')).toBe(body.leafHash);
    expect(JSON.parse(leaf.toString('utf8'))).toMatchObject({ id: eventId, type: 'api_key.created' });
    const index = BigInt(body.index as number);
    expect(isIncluded({ index, size, leafHash, proof: bytes(body.proof), root: rootHash })).toBe(true);
  });

  it('gives the same proof as a text that stands for itself', async () => {
    const eventId = await record();
    await seal();
    const json = await product.client.get(`/v1/audit/proofs/inclusion?eventId=${eventId}`);
    const treeSize = (await opened(json.body.checkpoint)).size;
    const { headers, text } = await product.client.get(
      `/v1/audit/proofs/inclusion?eventId=${eventId}&treeSize=${treeSize}`,
      { headers: { accept: 'text/vnd.c2sp.tlog-proof' } },
    );
    expect(headers.get('content-type')).toContain('text/vnd.c2sp.tlog-proof');
    expect(text).toBe(
      [
        'c2sp.org/tlog-proof@v1',
        `extra ${json.body.leaf as string}`,
        `index ${json.body.index as number}`,
        ...(json.body.proof as string[]),
        '',
        json.body.checkpoint as string,
      ].join('\n'),
    );
  });

  it('proves that it only grew', async () => {
    await record();
    await seal();
    const before = await opened((await product.client.get('/v1/audit/checkpoint')).text);
    await record();
    await seal();
    const now = await opened((await product.client.get('/v1/audit/checkpoint')).text);
    const { status, body } = await product.client.get(
      `/v1/audit/proofs/consistency?from=${before.size}&to=${now.size}`,
    );
    expect(status).toBe(200);
    expect(await opened(body.checkpoint)).toEqual(now);
    const claim = { from: before.size, to: now.size, fromRoot: before.rootHash, toRoot: now.rootHash };
    expect(isConsistent({ ...claim, proof: bytes(body.proof) })).toBe(true);
  });

  it('hands out the tiles that its root is over', async () => {
    await record();
    await seal();
    const { size } = await opened((await product.client.get('/v1/audit/checkpoint')).text);
    const answer = await fetch(`${product.client.address}/v1/audit/tile/0/000.p/${size}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(answer.status).toBe(200);
    const hashes = Buffer.from(await answer.arrayBuffer());
    const rows = await product.database.query<{ leaf_hash: Buffer }>(
      'select leaf_hash from audit_index where tenant_id = $1 order by index limit $2',
      [TEST_TENANT_ID, Number(size)],
    );
    expect(hashes).toEqual(Buffer.concat(rows.map((row) => row.leaf_hash)));
  });

  it('verifies as a whole', async () => {
    await record();
    await seal();
    const { body } = await product.client.post('/v1/audit/verify');
    // Nothing is recorded in between.
    const { size, rootHash } = await opened((await product.client.get('/v1/audit/checkpoint')).text);
    expect(body).toEqual({
      valid: true,
      treeSize: Number(size),
      rootHash: rootHash.toString('base64'),
      checkedEvents: Number(size),
      faults: [],
    });
  });

  it('of a tenant that has recorded nothing is empty', async () => {
    const log = product.app.get(AuditLog);
    expect(await log.checkpoint(OTHER_TENANT_ID)).toBeUndefined();
    await expect(log.info(OTHER_TENANT_ID)).rejects.toMatchObject({ code: 'AUDIT_LOG_EMPTY' });
  });

  it.each<[string, number, string]>([
    ['proofs/inclusion', 400, 'VALIDATION_FAILED'],
    ['proofs/inclusion?eventId=x', 400, 'VALIDATION_FAILED'],
    [`proofs/inclusion?eventId=${TEST_TENANT_ID}&index=0`, 400, 'VALIDATION_FAILED'],
    ['proofs/inclusion?index=-1', 400, 'VALIDATION_FAILED'],
    [`proofs/inclusion?eventId=${TEST_TENANT_ID}`, 404, 'AUDIT_EVENT_NOT_FOUND'],
    ['proofs/inclusion?index=1000000', 404, 'AUDIT_EVENT_NOT_FOUND'],
    ['proofs/inclusion?index=0&treeSize=999999', 404, 'AUDIT_CHECKPOINT_NOT_FOUND'],
    ['proofs/consistency?from=1', 400, 'VALIDATION_FAILED'],
    ['proofs/consistency?from=0&to=1', 400, 'VALIDATION_FAILED'],
    ['proofs/consistency?from=3&to=2', 400, 'VALIDATION_FAILED'],
    ['proofs/consistency?from=1&to=999999', 404, 'AUDIT_CHECKPOINT_NOT_FOUND'],
    ['tile/0/000', 404, 'AUDIT_TILE_NOT_FOUND'],
    ['tile/0/999', 404, 'AUDIT_TILE_NOT_FOUND'],
    ['tile/0/0', 404, 'AUDIT_TILE_NOT_FOUND'],
    [`events/${TEST_TENANT_ID}`, 404, 'AUDIT_EVENT_NOT_FOUND'],
    ['events/x', 400, 'VALIDATION_FAILED'],
  ])('answers %s with %d %s', async (path, status, code) => {
    await record();
    await seal();
    const answer = await product.client.get(`/v1/audit/${path}`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('shows one record with its place', async () => {
    const eventId = await record();
    await seal();
    const { status, body } = await product.client.get(`/v1/audit/events/${eventId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: eventId, type: 'api_key.created', index: expect.any(Number) });
  });

  it('is for those who may read the audit trail', async () => {
    const { key } = await product.makeKey('operator');
    for (const path of [
      'log',
      'checkpoint',
      'proofs/inclusion?index=0',
      'proofs/consistency?from=1&to=1',
      'tile/0/000',
      `events/${TEST_TENANT_ID}`,
    ]) {
      const answer = await product.client.get(`/v1/audit/${path}`, { key });
      expect([answer.status, answer.body.code], path).toEqual([403, 'FORBIDDEN']);
    }
  });
});
