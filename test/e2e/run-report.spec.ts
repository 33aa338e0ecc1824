import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { newId } from '../../src/kernel/ids.js';
import { campaignInReview, recipients, SENDER, startCampaign, untilEnded } from '../harness/campaign.js';
import type { TestAnswer } from '../harness/http-client.js';
import { textOfPdf } from '../harness/pdf-text.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

let product: Product;
let run: string;
let reviewer: { id: string; key: string };
let answer: TestAnswer;

const report = (id: string, accept?: string, key?: string) =>
  product.client.get(`/v1/workflows/${id}/compliance-report`, { key, headers: accept ? { accept } : {} });

const pdfOf = async (id: string) => {
  const response = await fetch(new URL(`/v1/workflows/${id}/compliance-report`, product.client.address), {
    headers: { accept: 'application/pdf', authorization: `Bearer ${reviewer.key}` },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/pdf');
  return Buffer.from(await response.arrayBuffer());
};

/** Ids of the events of the run of a type, in their order. */
async function idsOf(type: string): Promise<string[]> {
  const { body } = await product.client.get(`/v1/audit/events?workflowId=${run}&type=${type}&limit=200`);
  return body.items.map(({ id }: { id: string }) => id).toReversed();
}

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_LOG_LEVEL: 'silent' });
  reviewer = await product.makeKey('reviewer');
  run = await campaignInReview(product.client, { count: 3 });
  const decided = await product.client.post(
    `/v1/workflows/${run}/approvals`,
    { decision: 'approve' },
    { key: reviewer.key },
  );
  if (decided.status !== 201) throw new Error(decided.text);
  await untilEnded(product.client, run);
  answer = await report(run);
});
afterAll(() => product?.close());

describe('the compliance report of a run', () => {
  it('says what was run, and with which versions', () => {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({
      kind: 'run',
      reportId: expect.any(String),
      tier: 'server',
      run: {
        id: run,
        definition: 'email-campaign',
        version: 1,
        definitionDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        definitionSource: 'builtin',
        status: 'COMPLETED',
        lastErrorCode: null,
      },
    });
  });

  it('says of every gate which rules were passed, by which event', async () => {
    expect(answer.body.gates.map(({ entering, result }: never) => [entering, result])).toEqual(
      [
        'INITIALIZATION',
        'BATCH_DISCOVERY',
        'STRATEGY_ANALYSIS',
        'GENERATION',
        'REVIEW',
        'DELIVERY',
        'COMPLETED',
      ].map((entering) => [entering, 'passed']),
    );
    for (const { rules, passages } of answer.body.gates) {
      expect(rules.length).toBeGreaterThan(1);
      expect(new Set(rules.map(({ result }: { result: string }) => result))).toEqual(new Set(['passed']));
      expect(passages).toHaveLength(1);
    }
    const [start] = answer.body.gates;
    expect(start.rules.map(({ rule }: { rule: string }) => rule)).toContain('gdpr.consent');
    const { body } = await product.client.get(
      `/v1/audit/events?workflowId=${run}&type=workflow.transition&limit=200`,
    );
    const ids = body.items.map(({ id }: { id: string }) => id);
    expect(ids).toContain(start.passages[0].eventId);
  });

  it('counts what was found, on what basis it was used, what models cost and what was delivered', async () => {
    const { findings, consents, models, usage, deliveries } = answer.body;
    expect(findings).toContainEqual({ entity: 'EMAIL', tokens: 4, subjects: 4 });
    expect(consents).toEqual([
      expect.objectContaining({
        purpose: 'email-campaign',
        lawfulBasis: 'consent',
        granted: true,
        everybody: true,
        subjects: 0,
      }),
    ]);
    expect(models.map(({ agent }: { agent: string }) => agent)).toContain('email_generator');
    expect(models[0]).toMatchObject({
      provider: 'simulation',
      fallbacks: 0,
      breakerOpen: 0,
      costUsd: '0.000000',
    });
    expect(models.reduce((sum: number, use: { inputTokens: number }) => sum + use.inputTokens, 0)).toBe(
      usage.inputTokens,
    );
    expect(deliveries).toEqual([
      {
        channel: 'outbox',
        status: 'sent',
        messages: 3,
        attempts: 3,
        events: await idsOf('delivery.settled'),
      },
    ]);
  });

  it('says who approved, what they were shown and how long they took', async () => {
    const [approval] = answer.body.approvals;
    expect(approval).toMatchObject({ status: 'approved', fourEyes: false, requiredApprovals: 1 });
    expect(approval.decisions).toEqual([
      {
        actorId: reviewer.id,
        decision: 'approve',
        shown: approval.bindingHash,
        decidedAt: expect.any(String),
        secondsToDecide: expect.any(Number),
        eventId: (await idsOf('approval.decided'))[0],
      },
    ]);
  });

  it('says by which versions it was done, and which event says so', async () => {
    const { versions, run: identity } = answer.body;
    expect(versions.definition).toEqual({
      name: 'email-campaign',
      version: 1,
      digest: identity.definitionDigest,
    });
    expect(versions.policy).toMatchObject({ pinned: 0, activation: 0 });
    const [decided, ...others] = versions.policy.decided;
    expect(others).toEqual([]);
    expect(decided).toMatchObject({ engine: 'cedar', version: expect.stringMatching(/^0\.[0-9a-f]{12}$/) });
    // Seven passages of the gate, the approval, and that the messages may leave.
    expect(decided.decisions).toBe(9);
    const [firstStep] = await idsOf('workflow.step_completed');
    expect(versions.models[0]).toMatchObject({
      agent: 'requirements_agent',
      provider: 'simulation',
      promptVersion: expect.stringMatching(/^[0-9a-f]{16}$/),
      steps: 1,
      eventId: firstStep,
    });
  });

  it('says what held meanwhile: classification, safe mode, holds and recovery', async () => {
    const { classification, safeMode, holds, recovery } = answer.body;
    expect({ classification, holds, recovery }).toEqual({
      classification: 'confidential',
      holds: [],
      recovery: { degraded: false, retried: 0, fallbacks: 0, breakerOpen: 0, events: [] },
    });
    expect(safeMode).toEqual({
      now: { enabled: false, causes: [] },
      atStart: null,
      changes: [],
      simulatedSteps: 0,
      deliveriesHeld: [],
    });
  });

  it('names legal holds that reach the run, and safe mode that held its messages back', async () => {
    const other = await campaignInReview(product.client);
    const hold = await product.client.post('/v1/audit/holds', {
      scope: 'run',
      runId: other,
      reference: 'case-1',
    });
    expect(hold.status, hold.text).toBe(201);
    const turned = async (enabled: boolean) =>
      product.client.request('PUT', '/v1/safe-mode', { body: { enabled, reason: 'drill', scope: 'tenant' } });
    expect((await turned(true)).status).toBe(200);
    await product.client.post(
      `/v1/workflows/${other}/approvals`,
      { decision: 'approve' },
      { key: reviewer.key },
    );
    const path = `/v1/workflows/${other}/compliance-report`;
    const held = await product.client.until(path, ({ body }) => body.safeMode.deliveriesHeld.length === 1);
    expect(held.body.safeMode).toMatchObject({
      now: { enabled: true, causes: ['tenant'] },
      changes: [{ to: 'on', scope: 'tenant' }],
    });
    await turned(false);
    await untilEnded(product.client, other);
    const { holds, safeMode, links } = (await report(other)).body;
    expect(safeMode.changes.map(({ to }: { to: string }) => to)).toEqual(['on', 'off']);
    expect(holds).toMatchObject([{ id: hold.body.id, scope: 'run', liftedAt: null }]);
    for (const eventId of [holds[0].events[0], safeMode.changes[0].eventId]) {
      const event = await product.client.get((links.event as string).replace('{eventId}', eventId));
      expect(event.status, event.text).toBe(200);
    }
    expect((await report(run)).body.safeMode.changes).toEqual([]);
  });

  it('names who was shown values behind its tokens, and why', async () => {
    const ask = { runId: run, tokens: ['\u27e6EMAIL_1\u27e7'], purpose: 'review', reason: 'A drill.' };
    const shown = await product.client.post('/v1/pii/reveal', ask);
    expect(shown.status, shown.text).toBe(200);
    const { reveals } = (await report(run)).body;
    expect(reveals).toEqual([
      {
        eventId: shown.body.eventId,
        occurredAt: expect.any(String),
        actor: expect.any(String),
        purpose: 'review',
        asked: 1,
        revealed: 1,
      },
    ]);
    expect((await report(run, 'text/html')).text).toContain(shown.body.eventId);
    const other = (await startCampaign(product.client)).body.id as string;
    expect((await report(other)).body.reveals).toEqual([]);
  });

  it('leads from each part to the events behind it', async () => {
    const { links } = answer.body;
    for (const [part, path] of Object.entries<string>(links)) {
      if (path.includes('{') || part === 'evidence') continue;
      expect((await product.client.get(path)).status, path).toBe(200);
    }
    const { text } = await report(run, 'text/html');
    const [started] = await idsOf('workflow.transition');
    expect(text).toContain(`<a href="/v1/audit/events/${started}">${started}</a>`);
  });

  it('says how long the chain of its events is and where it ends', async () => {
    const [row] = await product.database.query<{ audit_seq: number; audit_head: Buffer }>(
      'select audit_seq, audit_head from workflow_run where id = $1',
      [run],
    );
    expect(answer.body.audit).toMatchObject({
      events: row?.audit_seq,
      head: row?.audit_head.toString('hex'),
    });
    const counted = answer.body.audit.byType.reduce(
      (sum: number, { events }: { events: number }) => sum + events,
      0,
    );
    expect(counted).toBe(row?.audit_seq);
  });

  it('is put on record with its digest before it is handed out', async () => {
    const { body } = await product.client.get('/v1/audit/events?type=report.created&limit=200');
    const event = body.items.find(
      ({ targets }: { targets: { ref: string }[] }) => targets[0]?.ref === answer.body.reportId,
    );
    expect(event).toMatchObject({
      outcome: 'success',
      targets: [{ type: 'report' }, { type: 'workflow', ref: run }],
      detail: {
        report: 'run',
        format: 'json',
        digest: createHash('sha256').update(canonicalJson(answer.body)).digest('hex'),
      },
    });
  });

  it('holds no personal data in any form', async () => {
    const texts = [
      answer.text,
      (await report(run, 'text/html')).text,
      textOfPdf(await pdfOf(run)).join('\n'),
    ];
    for (const text of texts) {
      for (const { name, email } of [...recipients(3), SENDER]) {
        expect(text).not.toContain(name);
        expect(text).not.toContain(email);
      }
    }
  });

  it('comes as a page that loads nothing', async () => {
    const page = await report(run, 'text/html,*/*;q=0.1');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.headers.get('content-disposition')).toBe(`inline; filename="compliance-report-${run}.html"`);
    for (const text of [
      'COMPLETED. Every transition passed the gate.',
      'gdpr.consent',
      'EMAIL',
      reviewer.id,
    ]) {
      expect(page.text).toContain(text);
    }
  });

  it('comes as a PDF with the same figures', async () => {
    const pages = textOfPdf(await pdfOf(run));
    const text = pages.join('\n').replaceAll(/\s/g, '');
    for (const figure of [
      'COMPLETED.Everytransitionpassedthegate.',
      'gdpr.consent',
      'EMAIL',
      'Audittier:server.',
      run,
    ]) {
      expect(text).toContain(figure);
    }
    expect(text).toContain(`1/${pages.length}`);
  });

  it('of a denied run names the rule that denied it, and what was not looked at any more', async () => {
    const denied = await campaignInReview(product.client, { count: 1 });
    await product.database.force(
      `update content set body = jsonb_set(body, '{emails,0,body}', '"changed"') from artifact
       where content.hash = artifact.content_hash and artifact.run_id = $1`,
      [denied],
    );
    await product.client.post(
      `/v1/workflows/${denied}/approvals`,
      { decision: 'approve' },
      { key: reviewer.key },
    );
    await untilEnded(product.client, denied);
    const { body } = await report(denied);
    const gate = body.gates.find(({ entering }: { entering: string }) => entering === 'DELIVERY');
    expect(gate.result).toBe('denied');
    expect(gate.passages.at(-1)).toMatchObject({ decision: 'denied' });
    expect(gate.rules.filter(({ result }: { result: string }) => result === 'failed')).not.toEqual([]);
    expect(body.gates.at(-1)).toMatchObject({ entering: 'COMPLETED', result: 'not_reached' });
    expect((await report(denied, 'text/html')).text).toContain('The gate denied entering DELIVERY.');
  });
});

describe('the report of a run is refused', () => {
  it('to strangers', async () => {
    expectProblem(await report(run, undefined, ''), 401, 'UNAUTHENTICATED');
  });

  it('in a form that it does not come in, before anything is read or recorded', async () => {
    const before = (await product.client.get('/v1/audit/events?type=report.created&limit=200')).body.items
      .length;
    expectProblem(await report(run, 'image/png'), 406, 'NOT_ACCEPTABLE');
    const after = (await product.client.get('/v1/audit/events?type=report.created&limit=200')).body.items
      .length;
    expect(after).toBe(before);
  });

  it.each(['no-id', newId()])('for a run that is not there: %s', async (id) => {
    expectProblem(await report(id), 404, 'WORKFLOW_NOT_FOUND');
  });

  it('when it cannot be put on record', async () => {
    await product.database.query('revoke insert on audit_event from countersign_app');
    try {
      expectProblem(await report(run), 503, 'AUDIT_UNAVAILABLE');
    } finally {
      await product.database.query('grant insert on audit_event to countersign_app');
    }
  });
});
