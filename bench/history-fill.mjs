// Fills the tables with the ended runs of eighty days, without going through the product.

/**
 * @param database a superuser's connection: triggers and foreign keys are off while it fills.
 * @param size runs, tenants they belong to (the first is the one that exists), steps and events of each run.
 */
export async function fillHistory(database, { runs, tenants = 1, steps = 3, events = 3 }) {
  await database.query(`set session_replication_role = replica; set maintenance_work_mem = '512MB'`);
  await database.query(
    `insert into tenant (id, name)
     select ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'tenant ' || n from generate_series(2, $1::int) n
     on conflict do nothing`,
    [tenants],
  );
  for (let from = 0; from < runs; from += CHUNK) {
    const to = Math.min(from + CHUNK, runs);
    await database.query('begin');
    await database.query(STAGE, [from, to - 1, runs, tenants]);
    for (const statement of PARTS) await database.query(statement(steps, events));
    await database.query('drop table staged; commit');
  }
  await database.query('set session_replication_role = default');
  await database.query('vacuum (analyze)');
  await database.query('checkpoint');
}

const CHUNK = 100_000;

/**
 * One run in 33 has failed, all of them in the oldest tenth (an incident): the order of a list then is no help in
 * finding them. One in a hundred has the definition `rare`, one in fifty is degraded.
 */
const STAGE = `
  create temporary table staged as
  select
    overlay(overlay(gen_random_uuid()::text placing '7' from 15) placing
      substr(lpad(to_hex((extract(epoch from created_at) * 1000)::bigint), 12, '0'), 1, 8) || '-' ||
      substr(lpad(to_hex((extract(epoch from created_at) * 1000)::bigint), 12, '0'), 9, 4) from 1)::uuid as id,
    case when n % $4 = 0 then (select min(id::text)::uuid from tenant where name = 'default')
      else ('00000000-0000-7000-9000-' || lpad((n % $4 + 1)::text, 12, '0'))::uuid end as tenant_id,
    n, created_at, created_at + interval '90 seconds' as ended_at,
    case when n < $3 / 10 and n % 3 = 0 then 'FAILED' when n % 25 = 1 then 'REJECTED' when n % 33 = 2 then 'CANCELLED'
      else 'COMPLETED' end as status,
    sha256(('input ' || n)::bytea) as input_hash, sha256(('output ' || n)::bytea) as output_hash,
    gen_random_uuid() as artifact_id, gen_random_uuid() as approval_id
  from (select n, date_trunc('milliseconds', now() - interval '1 hour' - (($3 - n) * (interval '80 days' / $3))) as created_at
        from generate_series($1::int, $2::int) n) each`;

const PARTS = [
  () => `
    insert into workflow_run (id, tenant_id, definition, definition_version, session_id, owner_id, status, phase, version,
      history_seq, event_seq, audit_seq, input_hash, output_hash, context, attributes, input_tokens, output_tokens,
      cost_usd, degraded, created_at, updated_at, completed_at)
    select id, tenant_id,
      case when n % 100 = 7 then 'rare' when n % 10 < 7 then 'email-campaign' else 'collateral-review' end, 1 + n % 3,
      ('00000000-0000-7000-a000-' || lpad((n / 50)::text, 12, '0'))::uuid, 'owner-' || (n % 50), status,
      case status when 'FAILED' then (array['BATCH_DISCOVERY', 'STRATEGY_ANALYSIS', 'GENERATION'])[1 + n / 3 % 3]
        when 'COMPLETED' then 'DELIVERY' else 'REVIEW' end,
      12, 12, 20, 14, input_hash, output_hash,
      '{"contextData": {"performance": {"strategy_generator": {"executionTimeMs": 812, "timestamp": "2030-01-01T00:00:00.000Z", "status": "completed"}}}, "errorRecoveryState": {}, "recoveryAttempts": {}}',
      jsonb_build_object('batch', 'b-' || n / 1000, 'customer', 'c-' || n % 100000, 'region', 'r-' || n % 4),
      1200, 800, 0.0042, n % 50 = 3, created_at, ended_at, ended_at
    from staged`,
  () => `
    insert into workflow_attribute (tenant_id, key, value, run_id)
    select tenant_id, key, value, id from staged,
      lateral (values ('batch', 'b-' || n / 1000), ('customer', 'c-' || n % 100000), ('region', 'r-' || n % 4)) each (key, value)`,
  () => `
    insert into content (tenant_id, hash, body)
    select tenant_id, hash, jsonb_build_object('text', repeat(md5(n::text), 12))
    from staged, lateral (values (input_hash), (output_hash)) each (hash)`,
  (steps) => `
    insert into workflow_step (tenant_id, run_id, seq, kind, step_key, phase, agent, status, input_hash, output_hash,
      usage, started_at, ended_at)
    select tenant_id, id, seq, 'step', 'GENERATION/agent/' || seq, 'GENERATION', 'email_generator', 'completed', input_hash,
      output_hash, '{"inputTokens": 120, "outputTokens": 80, "costUsd": 0.0004}', created_at, created_at
    from staged, generate_series(1, ${steps}) seq`,
  (_steps, events) => `
    insert into workflow_event (tenant_id, run_id, seq, type, data, created_at)
    select tenant_id, id, seq, 'agent.completed', '{"agent": "email_generator", "phase": "GENERATION"}', created_at
    from staged, generate_series(1, ${events}) seq`,
  () => `
    insert into artifact (id, tenant_id, run_id, kind, name, version, round, content_hash, created_at)
    select artifact_id, tenant_id, id, 'email-batch', 'emails', 1, 0, output_hash, created_at from staged`,
  () => `
    insert into approval (id, tenant_id, run_id, artifact_id, binding_hash, status, requester_id, four_eyes,
      required_approvals, round, created_at, expires_at)
    select approval_id, tenant_id, id, artifact_id, input_hash, 'approved', 'owner', false, 1, 0, created_at, ended_at from staged`,
  () => `
    insert into approval_decision (id, tenant_id, run_id, approval_id, actor_id, decision, binding_hash, decided_at)
    select gen_random_uuid(), tenant_id, id, approval_id, 'reviewer', 'approve', input_hash, ended_at from staged`,
  () => `
    insert into delivery (id, tenant_id, run_id, index, subject_ref, channel, message_id, status, created_at, settled_at)
    select gen_random_uuid(), tenant_id, id, 0, 'subject', 'outbox', id::text, 'sent', created_at, ended_at from staged`,
];
