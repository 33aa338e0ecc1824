import { IN_LOG_ORDER, WITH_PLACE } from './log-order.js';
import { ScheduleWaker } from '../../src/schedules/firing/schedule-waker.service.js';
import { BRIEF, openSession, recipients, SENDER } from './campaign.js';
import type { TestAnswer } from './http-client.js';
import type { Product } from './product.js';

/** What a schedule is made of, with what matters to a test put in. */
export async function scheduleBody(
  { client }: Pick<Product, 'client'>,
  changes: Record<string, unknown> = {},
  key?: string,
): Promise<Record<string, unknown>> {
  return {
    name: `schedule ${++made}`,
    definition: 'email-campaign',
    sessionId: changes['sessionId'] ?? (await openSession(client, key)),
    input: { brief: BRIEF, sender: SENDER, recipients: recipients(1) },
    // Far away: what is to fire in a test is made to.
    cron: '0 0 1 1 *',
    ...changes,
  };
}

let made = 0;

/** Makes a schedule; fails unless that works. */
export async function makeSchedule(
  product: Pick<Product, 'client'>,
  changes: Record<string, unknown> = {},
  key?: string,
): Promise<TestAnswer['body']> {
  const answer = await product.client.post('/v1/schedules', await scheduleBody(product, changes, key), {
    key,
  });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
}

/** As if this minute, or one so long ago, were the time of the schedule in this year. */
export async function makeDue(product: Pick<Product, 'database'>, id: string, agoMs = 0): Promise<Date> {
  const fireAt = new Date(Math.floor((Date.now() - agoMs) / 60_000) * 60_000);
  const day = `${fireAt.getUTCDate()} ${fireAt.getUTCMonth() + 1}`;
  const cron = `${fireAt.getUTCMinutes()} ${fireAt.getUTCHours()} ${day} *`;
  await product.database.force(
    `update schedule set cron = $3, time_zone = 'UTC', catch_up_window_seconds = 600, next_fire_at = $2, wake_at = $2
     where id = $1`,
    [id, fireAt, cron],
  );
  return fireAt;
}

/** Does by hand what a worker does when a job wakes a schedule. */
export async function wake(product: Pick<Product, 'app' | 'database'>, id: string): Promise<void> {
  const [row] = await product.database.query<{ tenant_id: string }>(
    'select tenant_id from schedule where id = $1',
    [id],
  );
  await product.app
    .get(ScheduleWaker, { strict: false })
    .wake(
      { tenantId: row?.tenant_id ?? '', scheduleId: id },
      { signal: new AbortController().signal, draining: new AbortController().signal },
    );
}

/** The fires of a schedule as the API shows them, newest first. */
export async function firesOf(
  { client }: Pick<Product, 'client'>,
  id: string,
): Promise<TestAnswer['body'][]> {
  return (await client.get(`/v1/schedules/${id}/fires?limit=200`)).body.items;
}

/** Types of the audit events about a schedule, in order. */
export async function scheduleAudit({ database }: Pick<Product, 'database'>, id: string): Promise<string[]> {
  const rows = await database.query<{ type: string }>(
    `select type from audit_event ${WITH_PLACE}
      where run_id is null and convert_from(leaf, 'UTF8')::json #>> '{targets,0,ref}' = $1 ${IN_LOG_ORDER}`,
    [id],
  );
  return rows.map((row) => row.type);
}
