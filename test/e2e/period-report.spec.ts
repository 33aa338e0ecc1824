import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { SelfChecks } from '../../src/compliance/audit/log/self-checks.service.js';
import { DayClosing } from '../../src/compliance/report/period/day-closing.service.js';
import { newId } from '../../src/kernel/ids.js';
import { campaignInReview, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import type { TestAnswer } from '../harness/http-client.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { textOfPdf } from '../harness/pdf-text.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

const DAY_MS = 86_400_000;

let product: Product;
let officer: { id: string; key: string };
let answer: TestAnswer;

const report = (query = '', options: { key?: string; accept?: string } = {}) =>
  product.client.get(`/v1/compliance/report${query}`, {
    key: options.key ?? officer.key,
    headers: options.accept ? { accept: options.accept } : {},
  });

const decide = (run: string, decision: object) =>
  product.client.post(`/v1/workflows/${run}/approvals`, decision);

const daysAgo = (days: number) =>
  new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - days * DAY_MS).toISOString();

/** Copies the events of today to a day of the past, as if all of it had happened then. */
const copyToPast = (days: number) =>
  product.database.force(
    `insert into audit_event (id, tenant_id, type, outcome, occurred_at, actor_type, actor_ref, session_id, run_id,
       run_seq, run_prev, leaf, leaf_hash)
     select gen_random_uuid(), tenant_id, type, outcome, $1::timestamptz + interval '1 hour', actor_type, actor_ref,
       session_id, run_id, run_seq, run_prev, leaf, sha256(leaf_hash || $1::text::bytea)
     from audit_event where occurred_at >= current_date`,
    [daysAgo(days)],
  );

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_LOG_LEVEL: 'silent' });
  officer = await product.makeKey('compliance_officer');
  const [approved, edited, rejected] = [
    await campaignInReview(product.client, { count: 2 }),
    await campaignInReview(product.client, { count: 1 }),
    await campaignInReview(product.client, { count: 1 }),
  ];
  await decide(approved, { decision: 'approve' });
  const edits = { emails: [{ index: 0, subject: 'Another subject' }] };
  const changed = await decide(edited, { decision: 'approve', edits });
  if (changed.status !== 201) throw new Error(changed.text);
  await decide(rejected, { decision: 'reject', comment: 'no' });
  for (const run of [approved, edited, rejected]) await untilEnded(product.client, run);
  const operator = await product.makeKey('operator');
  await product.client.get('/v1/api-keys', { key: operator.key });
  answer = await report();
});
afterAll(() => product?.close());

describe('the report of a period', () => {
  it('counts runs as they were started and as they ended', () => {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.runs).toMatchObject({
      started: [{ definition: 'email-campaign', version: '1', runs: 3 }],
      completed: 2,
      rejected: 1,
      failed: 0,
      stored: [
        { definition: 'email-campaign', status: 'COMPLETED', runs: 2 },
        { definition: 'email-campaign', status: 'REJECTED', runs: 1 },
      ],
    });
  });

  it('counts what each rule let pass at each gate', () => {
    const ruleAt = (entering: string, rule: string) =>
      answer.body.rules.find(
        (each: { entering: string; rule: string }) => each.entering === entering && each.rule === rule,
      );
    expect(ruleAt('INITIALIZATION', 'gdpr.consent')).toMatchObject({ passed: 3, denied: 0 });
    expect(ruleAt('DELIVERY', 'approval.bound')).toMatchObject({ passed: 2, denied: 0, tier: 'compliance' });
    expect(answer.body.gates).toContainEqual({ entering: 'DELIVERY', allowed: 2, denied: 0 });
    expect(answer.body.gates).toContainEqual({ entering: 'INITIALIZATION', allowed: 3, denied: 0 });
  });

  it('says what people decided, and how often they did not take it as it was', () => {
    expect(answer.body.approvals).toMatchObject({
      requested: 3,
      decisions: 3,
      approve: 2,
      reject: 1,
      edited: 1,
      overridden: 2,
      byRequester: 3,
      underFourEyes: 0,
      secondsToDecide: { median: expect.any(Number), p95: expect.any(Number) },
    });
  });

  it('counts models, deliveries, findings, consents and denials', () => {
    const { models, deliveries, findings, consents, populations, events } = answer.body;
    expect(models).toEqual([
      expect.objectContaining({ provider: 'simulation', model: 'simulation-1', fallbacks: 0 }),
    ]);
    expect(models[0].calls).toBeGreaterThan(10);
    expect(deliveries).toEqual([{ channel: 'outbox', status: 'sent', messages: 3 }]);
    expect(findings).toContainEqual({ entity: 'EMAIL', tokens: 7 });
    expect(consents).toEqual({ granted: 3, withdrawn: 0 });
    const denied = populations.find(({ type }: { type: string }) => type === 'auth.denied');
    expect(denied).toMatchObject({ outcome: 'denied', events: 1, samples: [expect.any(String)] });
    expect(populations.reduce((sum: number, each: { events: number }) => sum + each.events, 0)).toBe(events);
  });

  it('names samples that are the events with the smallest leaf hashes', async () => {
    const population = answer.body.populations.find(
      ({ type }: { type: string }) => type === 'workflow.completed',
    );
    const rows = await product.database.query<{ id: string }>(
      `select id from audit_event where type = 'workflow.completed' order by leaf_hash`,
    );
    expect(population.samples).toEqual([rows[0]?.id]);
  });

  it('shows where the log stood around it, and that it has only grown in between', async () => {
    await product.app.get(AuditLog).seal(TEST_TENANT_ID);
    const { log } = (await report()).body;
    expect(log).toMatchObject({ coversEnd: false, consistency: { from: log.first.size, to: log.last.size } });
    const verifier = new OfflineVerifier();
    const vkey = (await product.client.get('/v1/audit/log')).body.vkeys[0] as string;
    const { from, to, proof } = log.consistency;
    const anchor = verifier.file(log.first.note);
    const asked = { from, to, proof, checkpoint: log.last.note };
    const check = (shown: object) =>
      verifier.verify(JSON.stringify(shown), '--key', vkey, '--anchor', anchor).code;
    expect(to).toBeGreaterThan(from);
    expect(check(asked)).toBe(0);
    expect(check({ ...asked, proof: proof.toReversed() })).toBe(1);
    verifier.close();
    const past = (await report(`?from=${daysAgo(9)}&to=${daysAgo(8)}`)).body.log;
    expect(past).toMatchObject({ coversEnd: true, first: log.first, last: log.first });
    await product.app.get(SelfChecks, { strict: false }).run(new AbortController().signal);
    const { selfCheck } = (await report()).body.log;
    expect(selfCheck).toMatchObject({ checkedAt: expect.any(String), faults: [] });
  });

  it('knows nothing of another tenant', async () => {
    const foreign = await product.makeKey('compliance_officer');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      foreign.id,
    ]);
    const { body } = await report('', { key: foreign.key });
    expect(body).toMatchObject({
      tenantId: OTHER_TENANT_ID,
      runs: { started: [], stored: [] },
      findings: [],
    });
  });

  it('is put on record, and shows in the next one', async () => {
    const { body } = await report();
    const created = body.populations.find(({ type }: { type: string }) => type === 'report.created');
    expect(created.events).toBeGreaterThan(0);
  });

  it('comes as a page and as a PDF with the same figures', async () => {
    const page = await report('', { accept: 'text/html' });
    expect(page.text).toContain('3 runs started, 0 failed, 0 denials by rules.');
    const response = await fetch(new URL('/v1/compliance/report', product.client.address), {
      headers: { accept: 'application/pdf', authorization: `Bearer ${officer.key}` },
    });
    const text = textOfPdf(Buffer.from(await response.arrayBuffer())).join('');
    expect(text).toContain('3 runs started, 0 failed, 0 denials by rules.');
    expect(text).toContain('Overridden');
  });
});

describe('a day that is over', () => {
  it('is counted once: what is dropped since still counts', async () => {
    await copyToPast(43);
    const query = `?from=${daysAgo(45)}&to=${daysAgo(41)}`;
    const before = (await report(query)).body;
    expect(before.runs).toMatchObject({ completed: 2, stored: [] });
    const stored = await product.database.query<{ day: string; events: number }>(
      'select day::text, events from report_day where tenant_id = $1 and day < $2::date order by day',
      [TEST_TENANT_ID, daysAgo(41)],
    );
    expect(stored).toHaveLength(4);
    expect(stored.map(({ events }) => events)).toEqual([0, 0, before.events, 0]);

    await product.database.force('delete from audit_event where occurred_at < current_date');
    const after = (await report(query)).body;
    expect({ ...after, reportId: '', createdAt: '' }).toEqual({ ...before, reportId: '', createdAt: '' });
  });

  it('is counted without anybody asking, for every tenant', async () => {
    const fresh = newId();
    await product.database.query(`insert into tenant (id, name) values ($1, 'fresh')`, [fresh]);
    await product.app.get(DayClosing).closeDays();
    const days = await product.database.query<{ day: string }>(
      'select day::text from report_day where tenant_id = $1 order by day desc',
      [fresh],
    );
    // The day before is over an hour after midnight.
    const last = new Date().getUTCHours() === 0 ? 2 : 1;
    expect(days.map(({ day }) => day)).toEqual(
      Array.from({ length: 8 }, (_, index) => daysAgo(index + last).slice(0, 10)),
    );
  });

  it('cannot be changed afterwards, not even by the owner of the table', async () => {
    await expect(product.database.query('update report_day set events = 0')).rejects.toThrow('append-only');
    await expect(product.database.query('delete from report_day')).rejects.toThrow('append-only');
  });
});

describe('the report of a period is refused', () => {
  it('to strangers, and to everybody but compliance officers and administrators', async () => {
    expectProblem(await report('', { key: '' }), 401, 'UNAUTHENTICATED');
    const others = await product.makeKey('operator', 'reviewer', 'service');
    expectProblem(await report('', { key: others.key }), 403, 'FORBIDDEN');
    expect((await product.client.get('/v1/compliance/report')).status).toBe(200);
  });

  it.each([
    ['?from=yesterday', 'from'],
    ['?from=2030-01-02&to=2030-01-01', 'from'],
    ['?from=2030-01-01&to=2030-01-01', 'from'],
    ['?from=2020-01-01&to=2026-01-01', 'from'],
    ['?until=2030-01-01', 'until'],
  ])('for the period %s', async (query, path) => {
    const refused = await report(query);
    expectProblem(refused, 400, 'VALIDATION_FAILED');
    expect(refused.body.errors[0].path).toBe(path);
  });

  it('in a form that it does not come in', async () => {
    expectProblem(await report('', { accept: 'text/csv' }), 406, 'NOT_ACCEPTABLE');
  });
});
