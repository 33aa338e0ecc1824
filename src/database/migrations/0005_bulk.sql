-- Bulk starts: an upload of rows, each of which starts one run.
create table batch (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  -- The API key that uploaded it: the runs are started in its name.
  owner_id text not null,
  status text not null
    check (status in ('RECEIVING', 'QUEUED', 'RUNNING', 'COMPLETED', 'CANCELLED', 'ABORTED')),
  -- Why it ended before all rows were started.
  end_reason text,
  format text not null check (format in ('ndjson', 'csv')),
  on_error text not null check (on_error in ('continue', 'stop')),
  -- What rows that do not say otherwise are started with.
  definition text,
  definition_version integer,
  session_id uuid,
  request_id text not null,
  -- Keyed hash of the Idempotency-Key, and of what was uploaded under it.
  idempotency_key text,
  fingerprint bytea,
  key_expires_at timestamptz,
  rows_total integer not null default 0,
  -- Rows that could not be read.
  rows_invalid integer not null default 0,
  first_invalid integer,
  -- Rows that were refused when they were to be started.
  rows_failed integer not null default 0,
  rows_started integer not null default 0,
  rows_cancelled integer not null default 0,
  -- Every row before this one is done, and counted above.
  next_row integer not null default 1,
  runs_completed integer not null default 0,
  runs_failed integer not null default 0,
  runs_rejected integer not null default 0,
  runs_cancelled integer not null default 0,
  -- Names the one job that may go on with the batch: a job of an earlier turn has been done already.
  turn integer not null default 0,
  created_at timestamptz not null,
  touched_at timestamptz not null,
  received_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  -- When the last of its runs had ended.
  settled_at timestamptz
);
create index batch_list on batch (tenant_id, id desc);
create index batch_receiving on batch (touched_at) where status = 'RECEIVING';
create unique index batch_idempotency_key on batch (tenant_id, owner_id, idempotency_key)
  where idempotency_key is not null;

create table batch_row (
  tenant_id uuid not null,
  batch_id uuid not null references batch,
  number integer not null,
  -- Line of the upload that the row begins on.
  line integer not null,
  -- active: its run is queued or driven; waiting: its run waits for people; ended: its run has ended.
  state text not null check (state in ('pending', 'active', 'waiting', 'ended', 'failed', 'cancelled')),
  -- What to start, sealed; gone as soon as the row is done.
  sealed bytea,
  run_id uuid,
  code text,
  fault jsonb,
  primary key (batch_id, number),
  constraint batch_row_erased check ((state = 'pending') = (sealed is not null)),
  constraint batch_row_run check ((state in ('active', 'waiting', 'ended')) = (run_id is not null)),
  constraint batch_row_code check ((state = 'failed') = (code is not null))
);
-- Ciphertext cannot be compressed.
alter table batch_row alter column sealed set storage external;
create index batch_row_open on batch_row (batch_id, state, number) where state in ('active', 'waiting');
create index batch_row_failed on batch_row (batch_id, number) where state = 'failed';

create constraint trigger batch_audited after insert on batch
  deferrable initially deferred for each row execute function require_audit_record('id');
create constraint trigger batch_change_audited after update on batch
  deferrable initially deferred for each row
  when ((old.status, old.owner_id, old.on_error) is distinct from (new.status, new.owner_id, new.on_error))
  execute function require_audit_record('id');

do $$
declare
  table_name text;
begin
  foreach table_name in array array['batch', 'batch_row'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
end $$;
grant select, insert, update on batch to countersign_app;
grant select, insert, update, delete on batch_row to countersign_app;
grant select on batch to countersign_system;
