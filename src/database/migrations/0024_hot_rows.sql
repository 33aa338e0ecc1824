-- What a step of a run costs in indexes.
--
-- A heap-only update is possible when no column changes that an index names, and the condition of a partial index counts
-- as well as its columns. The indexes for lists of ended runs named status, phase, updated_at and degraded, so every step
-- of an open run paid for every index of the table. Now they name columns that stay null until the run ends.
alter table workflow_run
  add ended_status text generated always as (case when completed_at is not null then status end) stored,
  add ended_phase text generated always as (case when completed_at is not null then phase end) stored,
  add ended_touched_at timestamptz generated always as (case when completed_at is not null then updated_at end) stored,
  add ended_degraded boolean generated always as (case when completed_at is not null then degraded end) stored;

drop index workflow_run_ended_status;
drop index workflow_run_ended_phase;
drop index workflow_run_ended_definition;
drop index workflow_run_ended_version;
drop index workflow_run_ended_owner;
drop index workflow_run_ended_touched;
drop index workflow_run_ended_degraded;
create index workflow_run_ended_status on workflow_run (tenant_id, ended_status, id) where completed_at is not null;
create index workflow_run_ended_phase on workflow_run (tenant_id, ended_phase, ended_status, id)
  where completed_at is not null;
create index workflow_run_ended_definition on workflow_run (tenant_id, definition, ended_status, id)
  where completed_at is not null;
create index workflow_run_ended_version on workflow_run (tenant_id, definition, definition_version, ended_status, id)
  where completed_at is not null;
create index workflow_run_ended_owner on workflow_run (tenant_id, owner_id, ended_status, id)
  where completed_at is not null;
create index workflow_run_ended_touched on workflow_run (tenant_id, ended_touched_at) where completed_at is not null;
create index workflow_run_ended_degraded on workflow_run (tenant_id, ended_status, id)
  where completed_at is not null and ended_degraded;

-- Room for the next versions of a row beside it.
alter table workflow_run set (fillfactor = 50);

-- The trail belongs to a role of its own (0022).
set local role countersign_audit_owner;

-- An event has one place because audit_index says so; waiting for it needs no index of its own.
alter table audit_pending drop constraint audit_pending_event_id_key;

-- One index for the key of an event and for lists of a tenant.
alter table audit_event drop constraint audit_event_pkey;
drop index audit_event_list;
alter table audit_event add primary key (tenant_id, id, occurred_at);

reset role;

-- What a run knows of its agents is written again at each step: values in place of members, and nothing twice.
update workflow_run set context = jsonb_strip_nulls(jsonb_build_object(
  'agents', (
    select coalesce(jsonb_object_agg(agent.key, jsonb_build_array(
      agent.value -> 'executionTimeMs',
      floor(extract(epoch from (agent.value ->> 'timestamp')::timestamptz) * 1000)::bigint,
      coalesce(context -> 'errorRecoveryState' -> agent.key ->> 'state', 'healthy'),
      coalesce(context -> 'recoveryAttempts' -> agent.key, '0'),
      context -> 'errorRecoveryState' -> agent.key -> 'lastErrorCode')), '{}')
    from jsonb_each(context -> 'contextData' -> 'performance') agent),
  'lastError', context -> 'contextData' -> 'lastError'))
where jsonb_typeof(context -> 'contextData' -> 'performance') = 'object';
