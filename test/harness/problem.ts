import { SYSTEM_LOG_TENANT_ID } from '../../src/compliance/audit/log/log-state.js';
import { IN_LOG_ORDER, WITH_PLACE } from './log-order.js';
import { expect } from 'vitest';
import type { TestAnswer } from './http-client.js';
import type { Product } from './product.js';

/**
 * Checks everything a problem document owes its reader (RFC 9457 and what this product adds).
 *
 * @param instance what it must name as its place, where that is not simply the path that was asked for.
 */
export function expectProblem(
  answer: TestAnswer,
  status: number,
  code: string,
  instance: unknown = new URL(answer.url).pathname,
): void {
  const told = `${answer.status} ${answer.text.slice(0, 1_000)}`;
  expect(answer.status, told).toBe(status);
  expect(answer.headers.get('content-type'), told).toMatch(/^application\/problem\+json(?:;|$)/);
  expect(answer.body, told).toMatchObject({
    type: `urn:countersign:error:${code}`,
    title: expect.any(String),
    status,
    instance,
    code,
    requestId: answer.headers.get('x-request-id'),
  });
  expect(answer.body.requestId).toMatch(/^[A-Za-z0-9._-]{8,128}$/);
}

const TABLES = [
  'api_key',
  'session',
  'consent',
  'idempotency_key',
  'content',
  'workflow_definition',
  'workflow_run',
  'workflow_step',
  'workflow_event',
  'workflow_signal',
  'artifact',
  'approval',
  'approval_decision',
  'approval_delegation',
  'delivery',
  'vault_token',
  'schedule',
  'schedule_fire',
  'policy_version',
  'policy_activation',
];

/** How many rows stand where; two such counts are equal when nothing was added or taken away in between. */
export async function rowCounts(product: Pick<Product, 'database'>): Promise<Record<string, number>> {
  const counts = TABLES.map((table) => `(select count(*)::int from ${table}) as "${table}"`).join(', ');
  // Sweeps come by themselves, whatever else happens.
  const jobs = `(select count(*)::int from pgboss.job where name <> 'schedule.sweep') as "jobs"`;
  const versions = `(select coalesce(sum(version), 0)::int from workflow_run) as "run versions"`;
  const [row] = await product.database.query<Record<string, number>>(
    `select ${counts}, ${jobs}, ${versions}`,
  );
  return row ?? {};
}

/** Types of the audit events so far, in the order they were written. */
export async function auditTypes(product: Pick<Product, 'database'>): Promise<string[]> {
  const rows = await product.database.query<{ type: string }>(
    `select type from audit_event ${WITH_PLACE} where tenant_id <> '${SYSTEM_LOG_TENANT_ID}' ${IN_LOG_ORDER}`,
  );
  return rows.map((row) => row.type);
}
