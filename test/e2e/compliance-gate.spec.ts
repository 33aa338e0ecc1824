import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRIEF, campaignInReview, startCampaign, untilEnded } from '../harness/campaign.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader } from '../harness/run-reader.js';

/** Answers requests and drives nothing, so that rows can be changed before a worker goes on. */
let product: Product;
let reader: RunReader;
let worker: Instance;
let runs = 0;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  reader = new RunReader(product.client);
});
afterAll(() => product.close());

const startWorker = async () => {
  worker = await startInstance(product, { COUNTERSIGN_ROLE: 'worker' });
};

/** Content is stored once under its hash: each run has its own, so that none meets what was done to another's. */
const ownBrief = (changes: object = {}) => ({
  ...BRIEF,
  goal: `${BRIEF.goal} This is letter ${++runs}.`,
  ...changes,
});

async function inReview(brief: object = ownBrief()): Promise<string> {
  await startWorker();
  const id = await campaignInReview(product.client, { input: { brief } });
  await worker.close();
  return id;
}

/** Lets a worker go on, and waits for the end. */
async function goOn(id: string) {
  await startWorker();
  const run = await untilEnded(product.client, id);
  await worker.close();
  return run;
}

/** The run has failed for these rules: the error handler, the trail and the reports all say so, and nothing has left. */
async function expectDenied(id: string, to: string, rules: readonly string[]): Promise<void> {
  const denial = (await reader.history(id)).find(({ status }) => status === 'denied');
  const violations = denial?.detail?.['violations'] as { rule: string; tier: string; message: string }[];
  expect(denial?.to).toBe(to);
  expect(violations.map(({ rule }) => rule)).toEqual(rules);
  const run = (await product.client.get(`/v1/workflows/${id}`)).body;
  expect(run).toMatchObject({
    status: 'FAILED',
    contextData: {
      lastError: { code: 'TRANSITION_DENIED', message: `${rules[0]}: ${violations[0]?.message}` },
    },
  });
  const [event] = await product.database.query<{ leaf: Buffer }>(
    `select leaf from audit_event where run_id = $1 and type = 'workflow.transition_denied'`,
    [id],
  );
  expect(JSON.parse(event?.leaf.toString() ?? '{}')).toMatchObject({
    outcome: 'denied',
    code: rules[0],
    change: { to },
    detail: { tier: violations[0]?.tier, violations: rules.join(' ') },
  });
  expect(await deliveredMails(product, id)).toEqual([]);
}

describe('strategy.valid', () => {
  it('stops a run whose strategy has not the form of one, although its hash is right', async () => {
    const id = await inReview();
    await product.database.force(
      `with changed as (
         insert into content (tenant_id, hash, body)
         select tenant_id, sha256('{"angle":"x"}'), '{"angle":"x"}' from workflow_run where id = $1 returning hash)
       update workflow_step set output_hash = changed.hash from changed
       where run_id = $1 and agent = 'strategy_generator'`,
      [id],
    );
    await reader.decide(id, { decision: 'request_changes', comment: 'Shorter, please.' });
    await goOn(id);
    await expectDenied(id, 'GENERATION', ['strategy.valid']);
  });
});

describe('output.sanitised', () => {
  it('keeps what acts from people and from recipients, and the model’s stand-in is no exception', async () => {
    await startWorker();
    const brief = ownBrief({ offer: 'Read <script src="https://example.com/x.js"></script> now.' });
    const started = await startCampaign(product.client, { input: { brief } });
    await untilEnded(product.client, started.body.id);
    await worker.close();
    await expectDenied(started.body.id, 'REVIEW', ['output.sanitised']);
  });

  it('lets no reviewer put it in', async () => {
    const id = await inReview();
    const edits = { emails: [{ index: 0, body: 'Click <a href="#" onclick="steal()">here</a>' }] };
    const { status, body } = await reader.decide(id, { decision: 'approve', edits });
    expect({ status, body }).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });
});

describe('content.compliant', () => {
  it('lets no place to be filled in reach a recipient, whoever left it', async () => {
    const id = await inReview();
    const [message] = (await reader.artifacts(id))[0]?.content.emails ?? [];
    const edits = { emails: [{ index: 0, body: `${message?.body}\n[insert offer]` }] };
    expect((await reader.decide(id, { decision: 'approve', edits })).status).toBe(201);
    await goOn(id);
    await expectDenied(id, 'DELIVERY', ['content.compliant']);
  });
});

describe('audit.checkpoint', () => {
  it('lets nothing leave when a record of the run is gone', async () => {
    const id = await inReview();
    await reader.decide(id, { decision: 'approve' });
    await product.database.force(`delete from audit_event where run_id = $1 and run_seq = 3`, [id]);
    await goOn(id);
    await expectDenied(id, 'DELIVERY', ['audit.checkpoint']);
  });

  it('lets nothing leave when a record of the run was rewritten', async () => {
    const id = await inReview();
    await reader.decide(id, { decision: 'approve' });
    await product.database.force(
      `update audit_event set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'success', 'failure'), 'UTF8')
       where run_id = $1 and run_seq = 2`,
      [id],
    );
    await goOn(id);
    await expectDenied(id, 'DELIVERY', ['audit.checkpoint']);
  });
});

describe('review.complete', () => {
  it('lets nothing leave that was marked approved past the program', async () => {
    const id = await inReview();
    await product.database.force(`update approval set status = 'approved' where run_id = $1`, [id]);
    await product.database.force(`update workflow_run set status = 'RUNNING' where id = $1`, [id]);
    await product.database.force(
      `update pgboss.job set start_after = now() where name = 'workflow.drive' and data ->> 'runId' = $1`,
      [id],
    );
    await goOn(id);
    await expectDenied(id, 'DELIVERY', ['review.complete']);
  });
});
