-- Every change has its record: what the guards of earlier migrations left out, and the schema itself.

-- Which schema an instance was started on, recorded when it is another than the one before.
create table schema_version (
  id uuid primary key,
  tenant_id uuid not null,
  migrations text[] not null,
  -- SHA-256 over the names of all migrations with the digests of their texts.
  digest bytea not null,
  recorded_at timestamptz not null
);
alter table schema_version enable row level security;
alter table schema_version force row level security;
create policy tenant on schema_version to countersign_app
  using (tenant_id = current_setting('app.tenant_id')::uuid)
  with check (tenant_id = current_setting('app.tenant_id')::uuid);
create policy system on schema_version to countersign_system using (true) with check (true);
create policy owner on schema_version to current_user using (true) with check (true);
grant select, insert on schema_version to countersign_system;
create constraint trigger schema_version_audited after insert on schema_version
  deferrable initially deferred for each row execute function require_audit_record('id');

-- A definition is named by `name@version` in its record.
create function require_audit_of_definition() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if not exists (
    select from audit_pending
    where transaction_id = pg_current_xact_id() and subject = new.name || '@' || new.version
  ) then
    raise exception 'a change of % has no audit record', tg_table_name using errcode = 'CS003';
  end if;
  return null;
end $$;
create constraint trigger workflow_definition_audited after insert or update on workflow_definition
  deferrable initially deferred for each row execute function require_audit_of_definition();

create constraint trigger workflow_signal_audited after insert on workflow_signal
  deferrable initially deferred for each row execute function require_audit_of_run();

-- What became of a message to a subscriber. The row that waits is the intent: it is there before anything leaves.
create constraint trigger webhook_delivery_audited after update on webhook_delivery
  deferrable initially deferred for each row when (old.status is distinct from new.status)
  execute function require_audit_record('endpoint_id');
create constraint trigger webhook_secret_removal_audited after delete on webhook_secret
  deferrable initially deferred for each row when (old.expires_at is null)
  execute function require_audit_record_of_removal('endpoint_id');

-- Two versions of a run are two records at least: each moves the end of the chain on, by records of this transaction.
create function require_audit_of_run_version() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if new.audit_seq <= old.audit_seq or (
    select count(*) from audit_pending
    where transaction_id = pg_current_xact_id() and subject = new.id::text
  ) < new.audit_seq - old.audit_seq then
    raise exception 'a change of % has no audit record', tg_table_name using errcode = 'CS003';
  end if;
  return null;
end $$;
drop trigger workflow_run_change_audited on workflow_run;
create constraint trigger workflow_run_change_audited after update on workflow_run
  deferrable initially deferred for each row
  when ((old.status, old.phase, old.round, old.output_hash, old.input_hash, old.owner_id, old.session_id, old.attempt)
    is distinct from (new.status, new.phase, new.round, new.output_hash, new.input_hash, new.owner_id, new.session_id, new.attempt))
  execute function require_audit_of_run_version();
