-- Finding runs among a million finished ones, and getting rid of old ones.
--
-- A run is written at every step while it is open, and hardly ever once it has ended. No index may name a column that
-- changes at a step (status, phase, updated_at), or every step pays for every index instead of being a heap-only
-- update. So whatever a list filters by is indexed for ended runs alone: those entries are made once, when the run
-- ends. Open runs are few; they are found by one index on what never changes.

drop index workflow_run_attributes;
drop index workflow_run_session;
create index workflow_run_session on workflow_run (session_id, id);
create index workflow_run_open on workflow_run (tenant_id, id) where completed_at is null;
create index workflow_run_ended_status on workflow_run (tenant_id, status, id) where completed_at is not null;
create index workflow_run_ended_phase on workflow_run (tenant_id, phase, status, id) where completed_at is not null;
create index workflow_run_ended_definition on workflow_run (tenant_id, definition, status, id)
  where completed_at is not null;
create index workflow_run_ended_version on workflow_run (tenant_id, definition, definition_version, status, id)
  where completed_at is not null;
create index workflow_run_ended_owner on workflow_run (tenant_id, owner_id, status, id) where completed_at is not null;
create index workflow_run_ended_at on workflow_run (tenant_id, completed_at) where completed_at is not null;
create index workflow_run_ended_touched on workflow_run (tenant_id, updated_at) where completed_at is not null;
create index workflow_run_ended_degraded on workflow_run (tenant_id, status, id)
  where completed_at is not null and degraded;

-- The attributes of runs, one row each. A GIN index on the column cannot serve a tenant: its operators are not
-- leakproof, so row-level security keeps them from being index conditions, and every run would be read instead.
create table workflow_attribute (
  tenant_id uuid not null references tenant,
  key text not null,
  value text not null,
  run_id uuid not null,
  primary key (tenant_id, key, value, run_id)
);

-- The rows follow the column of the run by themselves, so no program can forget them.
create function keep_run_attributes() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if tg_op <> 'INSERT' then
    delete from workflow_attribute kept using jsonb_each_text(old.attributes) gone
    where kept.tenant_id = old.tenant_id and kept.key = gone.key and kept.value = gone.value and kept.run_id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into workflow_attribute (tenant_id, key, value, run_id)
    select new.tenant_id, each.key, each.value, new.id from jsonb_each_text(new.attributes) each;
  end if;
  return null;
end $$;
create trigger workflow_run_attributes_added after insert on workflow_run
  for each row when (new.attributes <> '{}') execute function keep_run_attributes();
create trigger workflow_run_attributes_changed after update of attributes on workflow_run
  for each row when (old.attributes is distinct from new.attributes) execute function keep_run_attributes();
create trigger workflow_run_attributes_removed after delete on workflow_run
  for each row when (old.attributes <> '{}') execute function keep_run_attributes();

insert into workflow_attribute (tenant_id, key, value, run_id)
select run.tenant_id, each.key, each.value, run.id
from workflow_run run, jsonb_each_text(run.attributes) each;

-- How long a tenant keeps the ended runs of a definition; '*' stands for every definition without a row of its own.
create table retention_policy (
  tenant_id uuid not null references tenant,
  definition text not null,
  -- 0 = for ever.
  retention_days integer not null check (retention_days between 0 and 36500),
  updated_by text not null,
  updated_at timestamptz not null,
  primary key (tenant_id, definition)
);

-- Contents that a purged run referred to. Whether anything else refers to them is found out later, in small parts.
create table content_orphan (
  tenant_id uuid not null references tenant,
  hash bytea not null,
  primary key (tenant_id, hash)
);

-- Who refers to a content. Hash indexes: a third of the size of a tree over 32 random bytes.
create index workflow_step_output on workflow_step using hash (output_hash) where output_hash is not null;
create index artifact_content on artifact using hash (content_hash);
create index workflow_run_input on workflow_run using hash (input_hash);
create index workflow_run_output on workflow_run using hash (output_hash) where output_hash is not null;

-- What belongs to a run is found by the run; the foreign keys ask the same when it goes.
drop index workflow_signal_open;
-- In place of an index on open signals: to consume one is now a heap-only update.
create index workflow_signal_run on workflow_signal (run_id, id);
create index approval_artifact on approval (artifact_id);
create index approval_decision_run on approval_decision (run_id);

create function refuse_removal_of_open_run() returns trigger language plpgsql as $$
begin
  raise exception 'a run that has not ended cannot be removed' using errcode = 'CS004';
end $$;
create trigger workflow_run_ended_only before delete on workflow_run
  for each row when (old.completed_at is null) execute function refuse_removal_of_open_run();

-- As require_audit_record, for rows that go.
create function require_audit_record_of_removal() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if not exists (
    select from audit_pending
    where transaction_id = pg_current_xact_id() and subject = to_jsonb(old) ->> tg_argv[0]
  ) then
    raise exception 'a removal from % has no audit record', tg_table_name using errcode = 'CS003';
  end if;
  return null;
end $$;
create constraint trigger workflow_run_removal_audited after delete on workflow_run
  deferrable initially deferred for each row execute function require_audit_record_of_removal('tenant_id');
create constraint trigger retention_policy_audited after insert or update on retention_policy
  deferrable initially deferred for each row execute function require_audit_record('definition');
create constraint trigger retention_policy_removal_audited after delete on retention_policy
  deferrable initially deferred for each row execute function require_audit_record_of_removal('definition');

-- The only role that may remove runs. It acts for one tenant at a time.
do $$
begin
  if not exists (select from pg_roles where rolname = 'countersign_retention') then
    begin
      create role countersign_retention nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role(current_user, 'countersign_retention', 'set') then
    begin
      grant countersign_retention to current_user;
    exception when unique_violation then null;
    end;
  end if;
  execute format('grant usage on schema %I to countersign_retention', current_schema());
end $$;

do $$
declare
  table_name text;
begin
  foreach table_name in array array['workflow_attribute', 'retention_policy', 'content_orphan'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
  foreach table_name in array array[
    'workflow_run', 'workflow_step', 'workflow_event', 'workflow_signal', 'artifact', 'approval', 'approval_decision',
    'delivery', 'vault_token', 'content', 'content_orphan', 'retention_policy', 'audit_event', 'audit_pending']
  loop
    execute format(
      'create policy retention on %I to countersign_retention
         using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
  end loop;
end $$;

grant select on workflow_attribute, content_orphan to countersign_app;
grant select, insert, update, delete on retention_policy to countersign_app;
grant select, delete on workflow_run, workflow_step, workflow_event, workflow_signal, artifact, approval,
  approval_decision, delivery, vault_token, content to countersign_retention;
-- The right to lock a run: Postgres asks for the right to update one column.
grant update (updated_at) on workflow_run to countersign_retention;
grant select, insert, delete on content_orphan to countersign_retention;
grant select on retention_policy to countersign_retention;
grant select, insert on audit_event, audit_pending to countersign_retention;

-- Autovacuum. The defaults wait for a fifth of a table to die or to be added; a fifth of a million runs is too late
-- for the visibility map and the statistics, and each of these tables is vacuumed in seconds.
alter table workflow_run set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table workflow_step set (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
alter table workflow_event set (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
alter table workflow_signal set (autovacuum_vacuum_scale_factor = 0.05);
alter table approval set (autovacuum_vacuum_scale_factor = 0.05);
alter table delivery set (autovacuum_vacuum_scale_factor = 0.05);
alter table workflow_attribute set (autovacuum_vacuum_insert_scale_factor = 0.05);
alter table idempotency_key set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table content_orphan set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- The queue's own tables are made by the queue after this, so they are tuned at each start. Their rows live for
-- seconds and are rewritten at each hand-over: what is dead must go at once, or every fetch walks over it.
create function tune_queue_tables() returns void
  language plpgsql security definer set search_path from current as $$
declare
  job_table regclass;
begin
  for job_table in
    select class.oid from pg_class class
    where class.relnamespace = to_regnamespace('pgboss') and class.relkind = 'r' and class.relname ~ '^(job|j[0-9a-f]{40,})'
      and pg_get_userbyid(class.relowner) = current_user
      and not coalesce(class.reloptions @> array['autovacuum_vacuum_scale_factor=0.01'], false)
  loop
    execute format(
      'alter table %s set (autovacuum_vacuum_scale_factor=0.01, autovacuum_vacuum_threshold=500,
         autovacuum_vacuum_cost_delay=0)', job_table);
  end loop;
end $$;
revoke execute on function tune_queue_tables() from public;
grant execute on function tune_queue_tables() to countersign_system;
