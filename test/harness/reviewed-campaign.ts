import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { BRIEF, openSession, recipients, SENDER } from './campaign.js';
import type { Product } from './product.js';

/** The campaign's definition under another name, with the approval as a test wants it. */
export async function defineReview(product: Product, name: string, approval: object): Promise<void> {
  const file = new URL('../../config/workflows/email-campaign.yaml', import.meta.url);
  const definition = parse(await readFile(file, 'utf8'), { merge: true }) as {
    phases: { REVIEW: { approval: object } };
  };
  const { REVIEW } = definition.phases;
  const changed = {
    ...definition,
    name,
    version: 1,
    phases: { ...definition.phases, REVIEW: { ...REVIEW, approval: { ...REVIEW.approval, ...approval } } },
  };
  const answer = await product.client.post('/v1/workflow-definitions', changed);
  if (answer.status !== 201) throw new Error(answer.text);
}

/** Starts a run of it, and gives the id once it waits for people. */
export async function startReview(product: Product, definition: string, key?: string): Promise<string> {
  const sessionId = await openSession(product.client, key);
  const input = { brief: BRIEF, sender: SENDER, recipients: recipients(2) };
  const { status, body, text } = await product.client.post(
    '/v1/workflows',
    { definition, sessionId, input },
    { key },
  );
  if (status !== 202) throw new Error(text);
  await product.client.until(
    `/v1/workflows/${body.id as string}`,
    (answer) => answer.body.status === 'WAITING_FOR_APPROVAL',
  );
  return body.id as string;
}

/** Lets every job of a run that waits for its time be due now, as if that time had come. */
export async function letTimeCome(product: Product, runId: string, before: string): Promise<void> {
  await product.database.query(
    `update pgboss.job set start_after = now() - interval '1 second'
     where name = 'workflow.drive' and state = 'created' and data ->> 'runId' = $1
       and start_after < now() + $2::interval`,
    [runId, before],
  );
}
