import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, untilEnded } from '../harness/campaign.js';
import { auditTypes, expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, type Draft, RunReader } from '../harness/run-reader.js';

let product: Product;
let reader: RunReader;

beforeAll(async () => {
  product = await startProduct();
  reader = new RunReader(product.client);
});
afterAll(() => product.close());

describe('a reviewer', () => {
  it('who rejects ends the run, and nothing leaves', async () => {
    const id = await campaignInReview(product.client);
    const answer = await reader.decide(id, { decision: 'reject', comment: 'Not now' });
    expect(answer.body).toMatchObject({
      status: 'rejected',
      decisions: [{ decision: 'reject', comment: 'Not now' }],
    });
    expect(await reader.run(id)).toMatchObject({
      status: 'REJECTED',
      phase: 'REVIEW',
      output: null,
      completedAt: expect.any(String),
    });
    expect(await deliveredMails(product, id)).toEqual([]);
  });

  it('who asks for changes gets a second round that knows the comment, and only that round is done again', async () => {
    const id = await campaignInReview(product.client);
    const comment = 'Mention the free training webinar, as recipient.1@example.com has asked for it';
    expect((await reader.decide(id, { decision: 'request_changes', comment })).body.status).toBe(
      'changes_requested',
    );
    await reader.untilWaiting(id);
    const artifacts = await reader.artifacts(id);
    expect(artifacts.map((artifact) => artifact.version)).toEqual([1, 2]);
    expect(JSON.stringify(artifacts[0]?.content)).not.toContain('training webinar');
    for (const email of artifacts[1]?.content.emails ?? []) expect(email.body).toContain('training webinar');

    const history = await reader.history(id);
    expect(history.map((step) => step.seq)).toEqual(history.map((_, index) => index + 1));
    expect(
      history
        .filter((step) => step.kind === 'transition')
        .map((step) => step.to)
        .slice(-3),
    ).toEqual(['REVIEW', 'GENERATION', 'REVIEW']);
    const times = (agent: string) => history.filter((step) => step.agent === agent).length;
    expect(
      ['requirements_agent', 'strategy_generator', 'email_generator', 'confirmation_agent'].map(times),
    ).toEqual([1, 1, 2, 2]);
    expect(JSON.stringify([history, artifacts])).not.toContain('recipient.1@example.com');

    const approval = await reader.approval(id);
    expect(approval).toMatchObject({
      status: 'pending',
      round: 1,
      artifactId: artifacts[1]?.id,
      contentHash: artifacts[1]?.contentHash,
    });
    expect((await reader.decide(id, { decision: 'approve' })).status).toBe(201);
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
    for (const mail of await deliveredMails(product, id)) expect(mail.text).toContain('training webinar');
  });

  it('who edits approves the edited text, and that is what is delivered', async () => {
    const id = await campaignInReview(product.client);
    const [shown] = await reader.artifacts(id);
    const first = shown?.content.emails[0] as Draft;
    const edit = {
      index: 0,
      subject: 'A word before you decide',
      body: `${first.body}\n\nP.S. Or write to recipient.0@example.com.`,
    };
    const answer = await reader.decide(id, { decision: 'approve', edits: { emails: [edit] } });
    expect(answer.status).toBe(201);
    await untilEnded(product.client, id);

    const artifacts = await reader.artifacts(id);
    expect(artifacts.map((artifact) => artifact.version)).toEqual([1, 2]);
    expect(artifacts[0]).toEqual(shown);
    expect(artifacts[1]?.content.emails[0]).toMatchObject({
      subject: edit.subject,
      body: `${first.body}\n\nP.S. Or write to ${first.to}.`,
    });
    expect(artifacts[1]?.content.emails.slice(1)).toEqual(shown?.content.emails.slice(1));
    expect(answer.body).toMatchObject({
      status: 'approved',
      artifactId: artifacts[1]?.id,
      contentHash: artifacts[1]?.contentHash,
    });

    const [mail, other] = await deliveredMails(product, id);
    expect(mail).toMatchObject({
      subject: edit.subject,
      text: expect.stringContaining('P.S. Or write to recipient.0@example.com.'),
    });
    expect(other?.subject).not.toBe(edit.subject);
  });

  it('cannot edit the data of one recipient into the message of another', async () => {
    const id = await campaignInReview(product.client);
    const emails = (await reader.artifacts(id))[0]?.content.emails ?? [];
    const edit = { index: 0, body: `${emails[0]?.body}\n\nWrite to ${emails[1]?.to}` };
    expectProblem(
      await reader.decide(id, { decision: 'approve', edits: { emails: [edit] } }),
      400,
      'VALIDATION_FAILED',
    );
    // Delivery restores a token in these brackets too.
    const bracketed = { index: 0, body: edit.body.replaceAll('⟦', '[').replaceAll('⟧', ']') };
    expectProblem(
      await reader.decide(id, { decision: 'approve', edits: { emails: [bracketed] } }),
      400,
      'VALIDATION_FAILED',
    );
    const typed = { index: 0, body: `${emails[0]?.body}\n\nWrite to recipient.1@example.com` };
    expectProblem(
      await reader.decide(id, { decision: 'approve', edits: { emails: [typed] } }),
      400,
      'VALIDATION_FAILED',
    );
    expect(await reader.run(id)).toMatchObject({
      status: 'WAITING_FOR_APPROVAL',
      approvals: [{ decisions: [] }],
    });
    expect(await reader.artifacts(id)).toHaveLength(1);
  });

  it('finds what waits, and decides once only although two decide at the same moment', async () => {
    const id = await campaignInReview(product.client);
    const { key } = await product.makeKey('reviewer');
    const pending = await product.client.get('/v1/approvals?status=pending', { key });
    expect(pending.body.items.map((each: { runId: string }) => each.runId)).toContain(id);
    const answers = await Promise.all([
      reader.decide(id, { decision: 'reject' }, key),
      reader.decide(id, { decision: 'approve' }),
    ]);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201, 409]));
    expect((await reader.approval(id)).decisions).toHaveLength(1);
    await untilEnded(product.client, id);
  });
});

describe('four eyes', () => {
  let strict: Product;
  beforeAll(async () => {
    strict = await startProduct({ COUNTERSIGN__WORKFLOW__FOUR_EYES: 'true' });
  });
  afterAll(() => strict.close());

  it('keep the requester from approving, record the attempt, and let somebody else approve', async () => {
    const id = await campaignInReview(strict.client);
    const before = await auditTypes(strict);
    expectProblem(
      await strict.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' }),
      403,
      'APPROVAL_FOUR_EYES',
    );
    expect((await auditTypes(strict)).slice(before.length)).toEqual(['approval.denied']);
    expect((await strict.client.get(`/v1/workflows/${id}`)).body).toMatchObject({
      status: 'WAITING_FOR_APPROVAL',
      approvals: [{ fourEyes: true, decisions: [] }],
    });

    const { id: reviewer, key } = await strict.makeKey('reviewer');
    const answer = await strict.client.post(
      `/v1/workflows/${id}/approvals`,
      { decision: 'approve' },
      { key },
    );
    expect(answer.body).toMatchObject({
      status: 'approved',
      decisions: [{ actorId: reviewer, decision: 'approve' }],
    });
    expect((await untilEnded(strict.client, id)).status).toBe('COMPLETED');
  });

  it('let the requester reject', async () => {
    const id = await campaignInReview(strict.client);
    expect((await strict.client.post(`/v1/workflows/${id}/approvals`, { decision: 'reject' })).status).toBe(
      201,
    );
  });
});

describe('an approval that nobody gives', () => {
  it('expires, and the run is rejected by itself', async () => {
    const hasty = await startProduct({ COUNTERSIGN__WORKFLOW__APPROVAL_EXPIRY_HOURS: '0.001' });
    const id = await campaignInReview(hasty.client);
    const run = await untilEnded(hasty.client, id);
    expect(run).toMatchObject({
      status: 'REJECTED',
      phase: 'REVIEW',
      approvals: [{ status: 'expired', decisions: [] }],
    });
    expect(Date.parse(run.completedAt as string)).toBeGreaterThanOrEqual(
      Date.parse(run.approvals[0].expiresAt as string),
    );
    expectProblem(
      await hasty.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' }),
      409,
      'RUN_NOT_WAITING',
    );
    expect(await auditTypes(hasty)).toContain('approval.expired');
    expect(await deliveredMails(hasty, id)).toEqual([]);
    await hasty.close();
  });
});
