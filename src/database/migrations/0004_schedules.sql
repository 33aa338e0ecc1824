-- Schedules start runs at set times; every fire time leaves one row that says what became of it.

create table schedule (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  name text not null,
  -- The principal in whose name its runs are started.
  owner_id text not null,
  definition text not null,
  -- Null: the newest at each fire.
  definition_version integer,
  -- The session whose consents its runs carry. Not a reference: sessions may be forgotten, and then nothing is covered.
  session_id uuid not null,
  -- Null once deleted: the input may be personal.
  input_sealed bytea,
  attributes jsonb not null default '{}',
  cron text not null,
  time_zone text not null,
  overlap text not null check (overlap in ('skip', 'queue', 'allow', 'cancel_previous')),
  catch_up_window_seconds integer not null check (catch_up_window_seconds >= 0),
  jitter_seconds integer not null check (jitter_seconds >= 0),
  start_at timestamptz,
  end_at timestamptz,
  paused boolean not null,
  pause_reason text,
  -- The next time by the cron expression, and when to wake for it (later by the jitter); null when there is none.
  next_fire_at timestamptz,
  wake_at timestamptz,
  started_count integer not null default 0,
  skipped_count integer not null default 0,
  missed_count integer not null default 0,
  denied_count integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  check ((next_fire_at is null) = (wake_at is null)),
  check (wake_at is null or not paused and deleted_at is null)
);
create index schedule_list on schedule (tenant_id, id) where deleted_at is null;
create unique index schedule_name on schedule (tenant_id, name) where deleted_at is null;
create index schedule_wake on schedule (wake_at) where wake_at is not null;

create table schedule_fire (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  schedule_id uuid not null references schedule,
  fire_at timestamptz not null,
  trigger text not null check (trigger in ('schedule', 'manual', 'backfill')),
  -- Null: as the schedule says.
  overlap text check (overlap in ('skip', 'queue', 'allow', 'cancel_previous')),
  outcome text not null check (outcome in ('pending', 'waiting', 'started', 'skipped', 'missed', 'denied')),
  code text,
  -- The rule of the compliance gate that denied.
  rule text,
  -- A row of missed fire times stands for all of them, from fire_at to until_at.
  fire_count integer not null default 1,
  until_at timestamptz,
  -- Not a reference: runs may be forgotten, that they were started stays.
  run_id uuid,
  run_ended boolean not null default false,
  attempts integer not null default 0,
  retry_at timestamptz,
  created_at timestamptz not null,
  settled_at timestamptz,
  -- What makes a fire time happen once, whoever else takes it up.
  unique (schedule_id, fire_at),
  check ((outcome = 'started') = (run_id is not null)),
  check ((outcome in ('pending', 'waiting')) = (settled_at is null))
);
create index schedule_fire_list on schedule_fire (schedule_id, id);
create index schedule_fire_settled on schedule_fire (schedule_id, settled_at desc) where settled_at is not null;
create index schedule_fire_open on schedule_fire (schedule_id, id) where outcome in ('pending', 'waiting');
create index schedule_fire_running on schedule_fire (schedule_id, id) where outcome = 'started' and not run_ended;
-- At most one fire waits for the run before it.
create unique index schedule_fire_one_waiting on schedule_fire (schedule_id) where outcome = 'waiting';

-- Words taken over from another session: a later withdrawal in any session of the tenant holds against them.
alter table consent add column carried boolean not null default false;
create index consent_withdrawn on consent (tenant_id, purpose, subject_ref, recorded_at desc) where not granted;

create constraint trigger schedule_audited after insert on schedule
  deferrable initially deferred for each row execute function require_audit_record('id');
create constraint trigger schedule_change_audited after update on schedule
  deferrable initially deferred for each row
  when ((old.name, old.owner_id, old.definition, old.definition_version, old.session_id, old.input_sealed, old.attributes,
         old.cron, old.time_zone, old.overlap, old.catch_up_window_seconds, old.jitter_seconds, old.start_at, old.end_at,
         old.paused, old.deleted_at)
    is distinct from (new.name, new.owner_id, new.definition, new.definition_version, new.session_id, new.input_sealed,
         new.attributes, new.cron, new.time_zone, new.overlap, new.catch_up_window_seconds, new.jitter_seconds,
         new.start_at, new.end_at, new.paused, new.deleted_at))
  execute function require_audit_record('id');
create constraint trigger schedule_fire_audited after insert on schedule_fire
  deferrable initially deferred for each row when (new.settled_at is not null)
  execute function require_audit_record('schedule_id');
create constraint trigger schedule_fire_change_audited after update on schedule_fire
  deferrable initially deferred for each row
  when ((old.outcome, old.run_id) is distinct from (new.outcome, new.run_id)
    and not (old.outcome = 'pending' and new.outcome = 'waiting'))
  execute function require_audit_record('schedule_id');

do $$
declare
  table_name text;
begin
  foreach table_name in array array['schedule', 'schedule_fire']
  loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
end $$;
grant select, insert, update on schedule, schedule_fire to countersign_app;
grant select on schedule, schedule_fire to countersign_system;
