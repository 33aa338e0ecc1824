import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';
import { BreakerRegistry } from '../../src/error-recovery/breaker-registry.js';
import { newId } from '../../src/kernel/ids.js';
import { campaignInReview, untilEnded } from '../harness/campaign.js';
import { FakeContext } from '../harness/command-context.fake.js';
import { textOfPdf } from '../harness/pdf-text.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

interface Control {
  readonly id: string;
  readonly population: number;
  readonly events: readonly { readonly type: string; readonly events: number }[];
  readonly figures: Readonly<Record<string, number | null>>;
  readonly samples: readonly { readonly eventId: string; readonly type: string }[];
  readonly links: readonly string[];
}

let product: Product;
let officer: { id: string; key: string };

const evidence = (path: string, options: { key?: string; accept?: string } = {}) =>
  product.client.get(`/v1/compliance/evidence/${path}`, {
    key: options.key ?? officer.key,
    headers: options.accept ? { accept: options.accept } : {},
  });

const controlsOf = async (framework: string): Promise<Map<string, Control>> => {
  const { body } = await evidence(framework);
  return new Map((body.controls as Control[]).map((control) => [control.id, control]));
};

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_LOG_LEVEL: 'silent' });
  officer = await product.makeKey('compliance_officer');
  const reviewer = await product.makeKey('reviewer');
  const run = await campaignInReview(product.client, { count: 2 });
  const decision = { decision: 'approve' };
  await product.client.post(`/v1/workflows/${run}/approvals`, decision, { key: reviewer.key });
  await untilEnded(product.client, run);
  await product.client.get('/v1/api-keys', { key: reviewer.key });
});
afterAll(() => product?.close());

describe('the evidence for a framework', () => {
  it('knows of circuit breakers that opened', async () => {
    const breaker = product.app.get(BreakerRegistry, { strict: false }).obtain('drill');
    const failing = () => breaker.run(() => Promise.reject(new Error('drill'))).catch(() => undefined);
    for (let calls = 0; calls < 100 && breaker.state !== 'open'; calls++) await failing();
    const path = '/v1/audit/events?type=breaker.changed';
    const { body } = await product.client.until(path, (answer) => answer.body.items?.length > 0);
    expect(body.items[0]).toMatchObject({
      targets: [{ type: 'circuit_breaker', ref: 'drill' }],
      change: { from: 'closed', to: 'open' },
    });
    const control = (await controlsOf('eu-ai-act')).get('Art. 15');
    expect(control?.events).toContainEqual(expect.objectContaining({ type: 'breaker.changed' }));
  });

  it.each(['soc2', 'eu-ai-act', 'gdpr', 'hipaa'])(
    '%s says of each control what is shown, and where more stands',
    async (name) => {
      const { status, body } = await evidence(name);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        kind: 'framework',
        framework: name,
        claim: expect.stringContaining('does not claim'),
      });
      for (const control of body.controls as Control[]) {
        expect(control.population).toBe(control.events.reduce((sum, each) => sum + each.events, 0));
        expect(control.links.length).toBeGreaterThan(0);
        expect(control.samples.length).toBeLessThanOrEqual(10);
        expect(control.samples.length > 0).toBe(control.population > 0);
      }
    },
  );

  it('counts access given and denied for SOC 2', async () => {
    const controls = await controlsOf('soc2');
    expect(controls.get('CC6.1')?.events).toContainEqual({
      type: 'auth.denied',
      outcome: 'denied',
      events: 1,
    });
    expect(controls.get('CC6.2')).toMatchObject({ population: 3 });
    expect(controls.get('CC8.1')?.figures).toEqual({
      decisions: 1,
      underFourEyes: 0,
      byRequester: 0,
      refused: 0,
    });
  });

  it('says how people oversaw for the AI Act', async () => {
    const oversight = (await controlsOf('eu-ai-act')).get('Art. 14');
    expect(oversight?.figures).toMatchObject({
      reviewed: 1,
      overridden: 0,
      medianSecondsToDecide: expect.any(Number),
    });
  });

  it('gives samples and links that lead to the events themselves', async () => {
    const control = (await controlsOf('gdpr')).get('Art. 22');
    const link = control?.links.find((each) => each.includes('type=approval.decided'));
    const { body } = await product.client.get(link ?? '');
    const ids = body.items.map(({ id }: { id: string }) => id);
    const sample = control?.samples.find(({ type }) => type === 'approval.decided');
    expect(ids).toContain(sample?.eventId);
  });

  it('finds nothing in a period in which nothing happened', async () => {
    const { body } = await evidence('soc2?from=2020-01-01&to=2020-01-03');
    expect(
      (body.controls as Control[]).every(
        ({ population, samples }) => population === 0 && samples.length === 0,
      ),
    ).toBe(true);
  });

  it('comes as a page and as a PDF', async () => {
    const page = await evidence('soc2', { accept: 'text/html' });
    expect(page.text).toContain('CC8.1 Changes are authorised, approved and recorded');
    const response = await fetch(new URL('/v1/compliance/evidence/eu-ai-act', product.client.address), {
      headers: { accept: 'application/pdf', authorization: `Bearer ${officer.key}` },
    });
    const text = textOfPdf(Buffer.from(await response.arrayBuffer())).join('\n');
    expect(text).toContain('Art. 14 People oversee, and can override and stop');
  });
});

describe('the command line', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-reports-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const command = (context: FakeContext, ...args: string[]) =>
    runCli([...args, '--server', product.client.address, '--key', officer.key], context);

  it('writes reports to files', async () => {
    const context = new FakeContext();
    const file = join(folder, 'soc2.pdf');
    expect(await command(context, 'report', 'framework', 'soc2', '-o', file), context.err).toBe(0);
    expect(textOfPdf(await readFile(file)).join('')).toContain('SOC 2');
    const page = join(folder, 'period.html');
    const args = ['--from', '2020-01-01', '--to', '2020-01-02', '--format', 'html', '-o', page];
    expect(await command(context, 'report', 'period', ...args), context.err).toBe(0);
    expect(await readFile(page, 'utf8')).toContain('2020-01-01T00:00:00.000Z to 2020-01-02T00:00:00.000Z');
    expect(context.out).toBe(`Wrote ${file}\nWrote ${page}\n`);
    expect((await readdir(folder)).toSorted()).toEqual(['period.html', 'soc2.pdf']);
  });

  it('writes nothing when the server refuses, and says why', async () => {
    const context = new FakeContext();
    const file = join(folder, 'none.json');
    expect(await command(context, 'report', 'run', newId(), '--format', 'json', '-o', file)).toBe(1);
    expect(context.err).toContain('WORKFLOW_NOT_FOUND');
    expect(await readdir(folder)).not.toContain('none.json');
  });

  it.each([
    ['report', 'run'],
    ['report', 'run', 'id', '--from', '2020-01-01'],
    ['report', 'framework', 'soc2', '--format', 'docx'],
  ])('refuses %s %s %s %s', async (...args) => {
    expect(await command(new FakeContext(), ...args.filter(Boolean))).toBe(2);
  });
});

describe('the evidence for a framework is refused', () => {
  it('to strangers and to those who may not read reports', async () => {
    expectProblem(await evidence('soc2', { key: '' }), 401, 'UNAUTHENTICATED');
    const { key } = await product.makeKey('operator', 'reviewer', 'service');
    expectProblem(await evidence('soc2', { key }), 403, 'FORBIDDEN');
  });

  it('for a framework that nobody has mapped, a period that is none, a form that it does not come in', async () => {
    expectProblem(await evidence('pci-dss'), 404, 'NOT_FOUND');
    expectProblem(await evidence('soc2?from=2030-01-02&to=2030-01-01'), 400, 'VALIDATION_FAILED');
    expectProblem(await evidence('soc2', { accept: 'image/png' }), 406, 'NOT_ACCEPTABLE');
  });
});

describe('the records of processing', () => {
  const records = (options: { key?: string; accept?: string } = {}) =>
    product.client.get('/v1/compliance/records-of-processing', {
      key: options.key ?? officer.key,
      headers: options.accept ? { accept: options.accept } : {},
    });

  it('say of each definition what is done with whose data', async () => {
    const { status, body, text } = await records();
    expect(status, text).toBe(200);
    const activities = new Map(
      (body.activities as { definition: string }[]).map((activity) => [activity.definition, activity]),
    );

    expect(activities.get('email-campaign')).toMatchObject({
      purpose: 'email-campaign',
      people: [
        { category: 'recipients', data: ['name', 'email', 'attributes'] },
        { category: 'sender', data: ['name', 'email'] },
      ],
      channels: ['outbox', 'smtp', 'webhook'],
      reviewedIn: ['REVIEW'],
      retentionDays: 90,
    });
    expect(body.controller).toEqual({ name: null, contact: null, dataProtectionOfficer: null });
    const [event] = (await product.client.get('/v1/audit/events?type=report.created&limit=1')).body.items;
    expect(event).toMatchObject({ detail: { report: 'processing', format: 'json' } });
  });

  it('come as a page that people read, and say what is missing', async () => {
    const { status, text, headers } = await records({ accept: 'text/html' });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain('Records of processing activities');
    expect(text).toContain('the controller is not configured');
  });

  it('are shown to those who may read reports, and in no other form', async () => {
    const { key } = await product.makeKey('operator');
    expectProblem(await records({ key }), 403, 'FORBIDDEN');
    expectProblem(await records({ key: '' }), 401, 'UNAUTHENTICATED');
    expectProblem(await records({ accept: 'image/png' }), 406, 'NOT_ACCEPTABLE');
  });
});
