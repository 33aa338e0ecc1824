-- The trail belongs to a role of its own (0022): what changes its tables acts as that.
set local role countersign_audit_owner;

-- What held while a run was done is found by its time, among events that are few beside those of runs.
create index audit_event_conditions on audit_event (tenant_id, occurred_at)
  where type in ('safe_mode.changed', 'hold.placed', 'hold.lift_requested', 'hold.lifted');

-- A report on a period names the checkpoints around it.
create index audit_checkpoint_time on audit_checkpoint (tenant_id, created_at);

reset role;

-- What the policies were asked about starts and approvals that were refused. What they decide about a run under way
-- stands in its history; a run that never came to be has none.
create table policy_refusal (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  -- The session of the start, or the run of the approval: what its audit record is about.
  subject uuid not null,
  refused_at timestamptz not null,
  -- The question with what came of it. Ids, counts and attributes of the run; no personal data.
  decision jsonb not null
);
create index policy_refusal_list on policy_refusal (tenant_id, id);
create constraint trigger policy_refusal_audited after insert on policy_refusal
  deferrable initially deferred for each row execute function require_audit_record('subject');

alter table policy_refusal enable row level security;
alter table policy_refusal force row level security;
create policy tenant on policy_refusal to countersign_app
  using (tenant_id = current_setting('app.tenant_id')::uuid)
  with check (tenant_id = current_setting('app.tenant_id')::uuid);
create policy system on policy_refusal to countersign_system using (true) with check (true);
create policy owner on policy_refusal to current_user using (true) with check (true);
grant select, insert, delete on policy_refusal to countersign_app;

-- Exports of the trail that are made in the background. The file is not in the database.
create table trail_export (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  requested_by text not null,
  request_id text not null,
  status text not null check (status in ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'EXPIRED')),
  -- Filters or a stretch of the log: ids, types and times.
  request jsonb not null,
  from_index bigint,
  to_index bigint,
  next_index bigint,
  attempts integer not null default 0,
  code text,
  bytes bigint,
  digest bytea,
  created_at timestamptz not null,
  started_at timestamptz,
  completed_at timestamptz,
  expires_at timestamptz,
  constraint trail_export_file check (status <> 'COMPLETED' or (bytes, digest, expires_at) is not null)
);
create index trail_export_list on trail_export (tenant_id, id);
create index trail_export_expiry on trail_export (expires_at) where status = 'COMPLETED';
create constraint trigger trail_export_audited after insert on trail_export
  deferrable initially deferred for each row execute function require_audit_record('id');
create constraint trigger trail_export_change_audited after update on trail_export
  deferrable initially deferred for each row
  when (old.status is distinct from new.status and new.status <> 'RUNNING')
  execute function require_audit_record('id');

alter table trail_export enable row level security;
alter table trail_export force row level security;
create policy tenant on trail_export to countersign_app
  using (tenant_id = current_setting('app.tenant_id')::uuid)
  with check (tenant_id = current_setting('app.tenant_id')::uuid);
create policy system on trail_export to countersign_system using (true) with check (true);
create policy owner on trail_export to current_user using (true) with check (true);
grant select, insert, update on trail_export to countersign_app;
grant select on trail_export to countersign_system;
