import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { newId } from '../../src/kernel/ids.js';
import { campaignInReview, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { FakeContext } from '../harness/command-context.fake.js';
import type { TestAnswer } from '../harness/http-client.js';
import { LoneVerifier } from '../harness/lone-verifier.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { SigningKey } from '../harness/signing-key.js';

type Line = Record<string, unknown> & { readonly kind: string };

let product: Product;
let verifier: OfflineVerifier;
let officer: { id: string; key: string };
let run: string;
let answer: TestAnswer;
let lines: Line[];
let vkey: string;

const bundle = (id: string, key = officer.key) => product.client.get(`/v1/workflows/${id}/evidence`, { key });

const of = (kind: string) => lines.filter((line) => line.kind === kind);

/** The file as it would be had somebody changed its lines and made the trailer fit them. */
function forged(change: (lines: Line[]) => Line[]): string {
  const changed = change(structuredClone(lines).filter(({ kind }) => kind !== 'trailer'));
  const body = changed.map((line) => `${canonicalJson(line)}\n`).join('');
  const events = changed.filter(({ kind }) => kind === 'event').length;
  const sha256 = createHash('sha256').update(body).digest('hex');
  return `${body}${canonicalJson({ kind: 'trailer', lines: changed.length, events, sha256 })}\n`;
}

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_LOG_LEVEL: 'silent' });
  verifier = new OfflineVerifier();
  officer = await product.makeKey('compliance_officer');
  const reviewer = await product.makeKey('reviewer');
  const policies = {
    'big-runs': 'forbid (principal, action, resource) when { context.recipients > 5000 };',
  };
  await product.client.post('/v1/policies', { policies });
  await product.client.post('/v1/policies/1/activate', {});
  run = await campaignInReview(product.client, { count: 3 });
  await product.client.post(`/v1/workflows/${run}/approvals`, { decision: 'approve' }, { key: reviewer.key });
  await untilEnded(product.client, run);
  answer = await bundle(run);
  lines = answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  vkey = (await product.client.get('/v1/audit/log')).body.vkeys[0] as string;
});
afterAll(async () => {
  verifier?.close();
  await product?.close();
});

describe('the evidence of a run', () => {
  it('is valid for whoever holds the key of the log, without server or database', () => {
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const verdict = verifier.verify(answer.text, '--key', vkey);
    expect(verdict, JSON.stringify(verdict)).toMatchObject({ code: 0 });
  });

  it('agrees with itself only, for whoever has no key', () => {
    expect(verifier.verify(answer.text).code).toBe(3);
  });

  it('holds every event of the run and the end of its chain', async () => {
    const [row] = await product.database.query<{ audit_seq: number; audit_head: Buffer }>(
      'select audit_seq, audit_head from workflow_run where id = $1',
      [run],
    );
    expect(of('event')).toHaveLength((row?.audit_seq ?? 0) + 1);
    expect(of('run')).toEqual([
      { kind: 'run', id: run, events: row?.audit_seq, head: row?.audit_head.toString('hex') },
    ]);
  });

  it('holds report, definition, policies and artefacts, each named by an event in it', async () => {
    const names = of('document').map(({ name }) => name);
    expect(names).toEqual(['report.json', 'definition.json', 'policies.json', 'artifacts/emails-1.json']);
    const [report, , policies, artifact] = of('document').map(({ body }) =>
      Buffer.from(body as string, 'base64').toString('utf8'),
    );
    expect(JSON.parse(report ?? '')).toMatchObject({ kind: 'run', run: { id: run, status: 'COMPLETED' } });
    const inForce = JSON.parse(policies ?? '');
    expect(inForce.versions).toMatchObject([{ version: 1, policies: { 'big-runs': expect.any(String) } }]);
    expect(Object.keys(inForce.builtin.policies)).toContain('countersign.default-permit');
    expect(JSON.parse(report ?? '').versions.policy.decided).toMatchObject([
      { version: `1.${inForce.builtin.digest}` },
    ]);
    const { body } = await product.client.get(`/v1/workflows/${run}/artifacts`);
    expect(of('document')[3]?.['sha256']).toBe(body.items[0].contentHash);
    expect(artifact).toMatch(/⟦(?:GIVEN_NAME|PERSON)_\d+⟧/);
    const last = Buffer.from(of('event').at(-1)?.['leaf'] as string, 'base64').toString('utf8');
    for (const { sha256, recordedIn } of of('document')) {
      expect(recordedIn).toBe(of('event').at(-1)?.['index']);
      expect(last).toContain(`"${String(sha256)}"`);
    }
  });

  it('makes the report of the run prove how it began, what was decided and how it ended', async () => {
    const { body } = await product.client.get(`/v1/workflows/${run}/compliance-report`);
    const { log } = body.audit;
    expect(log).toMatchObject({ pending: 0, origin: of('header')[0]?.['origin'] });
    const count = (type: string) =>
      log.events.filter((event: { type: string }) => event.type === type).length;
    expect(log.events[0].type).toBe('workflow.started');
    expect(log.events.at(-1).type).toBe('workflow.completed');
    expect([count('workflow.transition'), count('approval.decided')]).toEqual([7, 1]);
    const [start] = log.events;
    const proof = await product.client.get(
      `/v1/audit/proofs/inclusion?eventId=${start.eventId}&treeSize=${log.treeSize}`,
    );
    expect(proof.body).toMatchObject({ index: start.index, leafHash: start.leafHash, proof: start.proof });
  });

  it('holds no personal data', () => {
    const texts = [...of('document').map(({ body }) => body), ...of('event').map(({ leaf }) => leaf)];
    const decoded = texts.map((text) => Buffer.from(text as string, 'base64').toString('utf8')).join('\n');
    for (const { name, email } of [...recipients(3), SENDER]) {
      expect(decoded).not.toContain(name);
      expect(decoded).not.toContain(email);
    }
  });

  it('of a run that is not over yet is that of what has happened so far', async () => {
    const waiting = await campaignInReview(product.client, { count: 1 });
    const partial = await bundle(waiting);
    expect(verifier.verify(partial.text, '--key', vkey).code).toBe(0);
  });

  it('is written by the command line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-evidence-'));
    try {
      const file = join(folder, 'run.ndjson');
      const context = new FakeContext();
      const args = ['evidence', run, '-o', file, '--server', product.client.address, '--key', officer.key];
      expect(await runCli(args, context), context.err).toBe(0);
      expect(verifier.verify(await readFile(file), '--key', vkey).code).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('evidence that was tampered with is found out, though its trailer fits', () => {
  const inLeaf = (line: Line, change: (text: string) => string): Line => ({
    ...line,
    leaf: Buffer.from(change(Buffer.from(line['leaf'] as string, 'base64').toString('utf8'))).toString(
      'base64',
    ),
  });
  const document = (name: string, change: (line: Line) => Line) => (all: Line[]) =>
    all.map((line) => (line['name'] === name ? change(line) : line));
  const withBody = (line: Line, body: string): Line => ({
    ...line,
    body: Buffer.from(body).toString('base64'),
    sha256: createHash('sha256').update(body).digest('hex'),
  });

  it.each<[string, string, (all: Line[]) => Line[]]>([
    [
      'an event is changed',
      'leaf_hash_differs',
      (all) =>
        all.map((line) =>
          line.kind === 'event' ? inLeaf(line, (text) => text.replace('success', 'failure')) : line,
        ),
    ],
    [
      'an event is left out',
      'chain_cut',
      (all) =>
        all.filter(
          (line, index) =>
            line.kind !== 'event' || index !== all.findIndex(({ kind }) => kind === 'event') + 1,
        ),
    ],
    [
      'the last event of the run is left out',
      'chain_cut',
      (all) => all.toSpliced(all.findLastIndex(({ kind }) => kind === 'event') - 1, 1),
    ],
    [
      'the chain ends elsewhere',
      'chain_cut',
      (all) =>
        all.map((line) => (line.kind === 'run' ? { ...line, events: Number(line['events']) - 1 } : line)),
    ],
    [
      'the report is changed, and its digest with it',
      'document_not_recorded',
      document('report.json', (line) => withBody(line, '{"kind":"run"}')),
    ],
    [
      'the artefact is changed, and its digest with it',
      'document_not_recorded',
      document('artifacts/emails-1.json', (line) => withBody(line, '{"emails":[]}')),
    ],
    [
      'the artefact is changed',
      'document_differs',
      document('artifacts/emails-1.json', (line) => ({
        ...line,
        body: Buffer.from('{}').toString('base64'),
      })),
    ],
    [
      'the definition is that of another',
      'document_not_recorded',
      document('definition.json', (line) => withBody(line, '{"name":"other"}')),
    ],
    [
      'the event that names the documents is left out',
      'document_not_recorded',
      (all) =>
        all.toSpliced(
          all.findLastIndex(({ kind }) => kind === 'event'),
          1,
        ),
    ],
    [
      'the checkpoint says another size',
      'checkpoint_differs',
      (all) =>
        all.map((line) =>
          line.kind === 'checkpoint'
            ? { ...line, note: String(line['note']).replace(/\n\d+\n/, '\n9999\n') }
            : line,
        ),
    ],
  ])('%s: %s', (_what, reason, change) => {
    const verdict = verifier.verify(forged(change), '--key', vkey);
    expect(verdict).toMatchObject({ code: 1, fault: { reason } });
  });

  it('nothing at all, once the trailer is cut', () => {
    expect(verifier.verify(answer.text.slice(0, -40), '--key', vkey).code).toBe(1);
  });

  it('the forger of this test changes nothing when told to change nothing', () => {
    expect(forged((all) => all)).toBe(answer.text);
  });
});

describe('whoever has nothing but the one file of the verifier and the evidence', () => {
  let alone: LoneVerifier;
  beforeAll(() => {
    alone = new LoneVerifier();
    alone.put('bundle.ndjson', answer.text);
  });
  afterAll(() => alone?.close());

  it('finds it valid with the key of the log, and no more than self-consistent without', async () => {
    const valid = await alone.run('bundle.ndjson', '--key', vkey);
    expect(valid, valid.err).toMatchObject({ code: 0, err: '' });
    expect(valid.out).toMatch(/^valid: \d+ events, 1 run, 4 documents/);
    expect(await alone.run('bundle.ndjson')).toMatchObject({
      code: 3,
      err: expect.stringContaining('no trusted key was given'),
    });
  });

  it('is told which record was changed, though everything around it fits', async () => {
    const decided = of('event').find(({ leaf }) => atob(leaf as string).includes('"approval.decided"'));
    const change = (line: Line) => ({
      ...line,
      leaf: btoa(atob(line['leaf'] as string).replace('"decision":"approve"', '"decision":"reject"')),
    });
    alone.put(
      'changed.ndjson',
      forged((all) =>
        all.map((line) =>
          line.kind === 'event' && line['index'] === decided?.['index'] ? change(line) : line,
        ),
      ),
    );
    const { code, err } = await alone.run('changed.ndjson', '--key', vkey);
    expect(code).toBe(1);
    expect(err).toContain('TAMPERED: leaf_hash_differs');
    expect(err).toMatch(new RegExp(`^ +index +${decided?.['index'] as number}$`, 'm'));
    expect(err).toContain((JSON.parse(atob(decided?.['leaf'] as string)) as { id: string }).id);
  });

  it('is told that the file was cut, that the key is foreign, and that a file is none', async () => {
    alone.put('cut.ndjson', answer.text.split('\n').slice(0, -3).join('\n'));
    const cut = await alone.run('cut.ndjson', '--key', vkey);
    expect(cut).toMatchObject({ code: 1, err: expect.stringContaining('TAMPERED: trailer_missing') });
    const foreign = new SigningKey(of('header')[0]?.['origin'] as string).vkey;
    expect(await alone.run('bundle.ndjson', '--key', foreign)).toMatchObject({
      code: 1,
      err: expect.stringContaining('TAMPERED: foreign_key'),
    });
    expect(await alone.run('bundle.ndjson', '--key', 'no key')).toMatchObject({ code: 2 });
    alone.put('page.html', '<!doctype html>');
    expect(await alone.run('page.html', '--key', vkey)).toMatchObject({
      code: 2,
      err: expect.stringContaining('unusable: not_an_export'),
    });
  });
});

describe('the evidence of a run is refused', () => {
  it('to strangers and to those who may not read reports', async () => {
    expectProblem(await bundle(run, ''), 401, 'UNAUTHENTICATED');
    const { key } = await product.makeKey('operator', 'reviewer', 'service');
    expectProblem(await bundle(run, key), 403, 'FORBIDDEN');
  });

  it.each(['no-id', newId()])('for a run that is not there: %s', async (id) => {
    expectProblem(await bundle(id), 404, 'WORKFLOW_NOT_FOUND');
  });

  it('when events of the run were dropped', async () => {
    const other = await campaignInReview(product.client, { count: 1 });
    await product.database.force('delete from audit_event where run_id = $1 and run_seq = 1', [other]);
    expectProblem(await bundle(other), 410, 'AUDIT_RETENTION_PASSED');
  });
});
