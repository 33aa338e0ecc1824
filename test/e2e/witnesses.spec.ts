import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { LogAnchors } from '../../src/compliance/audit/log/log-anchors.service.js';
import { LogSealer } from '../../src/compliance/audit/log/log-sealer.service.js';
import { LogStopped } from '../../src/compliance/audit/log/log-stopped.js';
import { Witnesses } from '../../src/compliance/audit/log/witnesses.service.js';
import { parseCheckpoint } from '../../src/verifier/checkpoint.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { startInstance } from '../harness/instance.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { type Product, startProduct } from '../harness/product.js';
import { SigningKey } from '../harness/signing-key.js';
import { WitnessServer } from '../harness/witness-server.js';

const witness = new WitnessServer('witness.example.com/one');
const other = new WitnessServer('witness.example.com/two');
let verifier: OfflineVerifier;
let product: Product;
let env: Record<string, string>;

beforeAll(async () => {
  verifier = new OfflineVerifier();
  await Promise.all([witness.listen(), other.listen()]);
  env = {
    // Seals and submits nothing by itself: the test says when.
    COUNTERSIGN_ROLE: 'api',
    COUNTERSIGN__AUDIT__WITNESSES: `${witness.setting},${other.setting}`,
    COUNTERSIGN__AUDIT__WITNESS_QUORUM: '1',
  };
  product = await startProduct(env);
  await grow();
  const { vkeys } = await info();
  for (const server of [witness, other]) server.logKeys.push(...vkeys);
});
afterAll(async () => {
  await product?.close();
  await Promise.all([witness.close(), other.close()]);
  verifier.close();
});
afterEach(() => {
  witness.instead = undefined;
  other.instead = undefined;
});

const info = async () => (await product.client.get('/v1/audit/log')).body;
const submit = () => product.app.get(Witnesses).submit();
const anchor = async (name: string) =>
  (await info()).anchors.find((each: { name: string }) => each.name === name);
const checkpoint = async () => (await product.client.get('/v1/audit/checkpoint')).text;

/** Records something and has it signed. */
async function grow(): Promise<void> {
  await product.makeKey('operator');
  await product.app.get(AuditLog).seal(TEST_TENANT_ID);
}

async function signers(): Promise<string[]> {
  const { note } = parseCheckpoint(Buffer.from(await checkpoint()));
  return note.signatures.map(({ name }) => name);
}

describe('a witness', () => {
  it('is named to verifiers, with how many of them must have cosigned', async () => {
    expect((await info()).witnesses).toEqual({ vkeys: [witness.key.vkey, other.key.vkey], quorum: 1 });
  });

  it('cosigns checkpoints, and what is exported then satisfies a verifier that asks for it', async () => {
    await submit();
    expect(await signers()).toEqual(expect.arrayContaining([witness.key.name, other.key.name]));
    const { vkeys, size } = await info();
    const note = await checkpoint();
    expect(parseCheckpoint(Buffer.from(note)).size).toBe(BigInt(size));
    const trusted = ['--key', vkeys[0], '--witness', witness.key.vkey, '--witness', other.key.vkey];
    expect(verifier.verify(note, ...trusted, '--quorum', '2')).toMatchObject({ code: 0 });
    const stranger = new SigningKey('witness.example.com/three', 4);
    expect(verifier.verify(note, ...trusted, '--witness', stranger.vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'witnesses_missing' },
    });
  });

  it('is shown that each checkpoint continues the one before', async () => {
    await grow();
    const before = witness.oldSizes.length;
    const seen = Number([...witness.seen.values()][0]?.size);
    await submit();
    expect(witness.oldSizes.slice(before)).toEqual([seen]);
    expect(await signers()).toContain(witness.key.name);
    expect(await anchor(witness.key.name)).toMatchObject({ failing: false });
    // What is cosigned is not submitted again.
    await submit();
    expect(witness.oldSizes).toHaveLength(before + 1);
  });

  it('that has seen another size than is remembered here is shown the way from there', async () => {
    await product.database.force('delete from audit_cosignature');
    await grow();
    const before = witness.oldSizes.length;
    const seen = Number([...witness.seen.values()][0]?.size);
    await submit();
    expect(witness.oldSizes.slice(before)).toEqual([0, seen]);
    expect(await signers()).toContain(witness.key.name);
  });

  it('whose signature is not genuine has not cosigned', async () => {
    await grow();
    const { text } = parseCheckpoint(Buffer.from(await checkpoint())).note;
    const forger = new SigningKey(witness.key.name, 4);
    witness.instead = { status: 200, body: forger.sign(text) };
    await submit();
    expect(await signers()).not.toContain(witness.key.name);
    expect(await anchor(witness.key.name)).toMatchObject({ failing: true, required: false });
    // One of two is as many as must.
    expect(await anchor('witness')).toMatchObject({ failing: false });
  });

  it.each([
    ['refuses', { status: 403, body: '' }],
    ['answers with what is no signature', { status: 200, body: 'thank you\n' }],
    ['answers with what is no size', { status: 409, body: 'more than you\n' }],
    ['sends the request elsewhere', { status: 307, body: '' }],
  ])('that %s is named, and is asked again', async (_, instead) => {
    witness.instead = instead;
    await submit();
    expect(await anchor(witness.key.name)).toMatchObject({ failing: true });
    witness.instead = undefined;
    await submit();
    expect(await anchor(witness.key.name)).toMatchObject({ failing: false });
    expect(await signers()).toContain(witness.key.name);
    await grow();
  });

  it('that has seen more than the database holds raises the alarm', async () => {
    const faults = async () =>
      Number(/^audit_log_faults_total (\d+)$/m.exec((await product.client.get('/metrics')).text)?.[1]);
    const before = await faults();
    witness.instead = { status: 409, body: '1000000\n' };
    await submit();
    expect(await faults()).toBe(before + 1);
    expect(await anchor(witness.key.name)).toMatchObject({ failing: true });
  });

  it('holds up sealing where a quorum is required and not reached', async () => {
    const strict = await startInstance(product, { ...env, COUNTERSIGN__AUDIT__REQUIRED_ANCHORS: 'witness' });
    try {
      await grow();
      await product.makeKey('operator');
      const sealer = strict.app.get(LogSealer);
      witness.instead = { status: 500, body: '' };
      other.instead = { status: 500, body: '' };
      await expect(strict.app.get(Witnesses).submit()).rejects.toThrow('0 of the witnesses');
      await expect(sealer.sealBatch(TEST_TENANT_ID)).rejects.toThrow(LogStopped);
      other.instead = undefined;
      await strict.app.get(Witnesses).submit();
      expect(strict.app.get(LogAnchors).isBlocked).toBe(false);
      expect((await sealer.sealBatch(TEST_TENANT_ID)).sealed).toBeGreaterThan(0);
    } finally {
      await strict.close();
    }
  });
});
