import { type Expression, type SqlBool, sql } from 'kysely';

/**
 * Whether a run of `workflow_run` may be removed as far as legal holds and restrictions go: the one place where
 * retention asks. Whether there are any at all is asked once for a statement; where there are none, no run is looked at.
 */
export function isNotHeld(): Expression<SqlBool> {
  return sql<boolean>`(
    not exists (select from legal_hold where lifted_at is null)
    or not exists (
      select from legal_hold hold
      where hold.tenant_id = workflow_run.tenant_id and hold.lifted_at is null and (
        hold.scope = 'tenant'
        or hold.scope = 'run' and hold.run_id = workflow_run.id
        or hold.scope = 'period' and workflow_run.created_at < hold.to_at and workflow_run.completed_at >= hold.from_at
        or hold.scope = 'subject' and exists (
          select from vault_token token
          where token.run_id = workflow_run.id and token.subject_ref = hold.subject_ref)))
  ) and (
    not exists (select from subject_restriction)
    or not exists (
      select from subject_restriction restricted
      join vault_token token
        on token.tenant_id = restricted.tenant_id and token.subject_ref = restricted.subject_ref
      where token.run_id = workflow_run.id)
  )`;
}
