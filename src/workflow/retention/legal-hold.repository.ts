import { type Expression, type SqlBool, sql } from 'kysely';

/**
 * Whether a run of `workflow_run` may be removed as far as legal holds go: the one place where retention asks. There
 * are no holds yet, so nothing is held; a hold on a tenant, run, subject or period becomes a condition here.
 */
export function isNotHeld(): Expression<SqlBool> {
  return sql<boolean>`true`;
}
