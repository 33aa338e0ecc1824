-- The engine commits the changes of many runs, of any tenant, in one statement. It has a role of its own: it writes
-- child rows only for runs that the same statement has changed, and takes their tenant from the run's own row.

do $$
begin
  if not exists (select from pg_roles where rolname = 'countersign_engine') then
    begin
      create role countersign_engine nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role(current_user, 'countersign_engine', 'set') then
    begin
      grant countersign_engine to current_user;
    exception when unique_violation then null;
    end;
  end if;
end $$;

do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'session', 'consent', 'subject_key', 'content', 'workflow_definition', 'workflow_run', 'workflow_step',
    'workflow_event', 'workflow_signal', 'artifact', 'approval', 'approval_decision', 'vault_token', 'audit_event',
    'audit_pending']
  loop
    execute format('create policy engine on %I to countersign_engine using (true) with check (true)', table_name);
  end loop;
  execute format('grant usage on schema %I to countersign_engine', current_schema());
end $$;
grant select on session, consent, workflow_definition to countersign_engine;
grant select, insert on subject_key, content, workflow_step, workflow_event, artifact, approval_decision, vault_token,
  audit_event, audit_pending to countersign_engine;
grant select, insert, update on workflow_run, workflow_signal, approval to countersign_engine;

grant usage on schema pgboss to countersign_engine;
grant select, insert, update, delete on all tables in schema pgboss to countersign_engine;
grant usage on all sequences in schema pgboss to countersign_engine;
grant execute on all functions in schema pgboss to countersign_engine;
alter default privileges in schema pgboss grant select, insert, update, delete on tables to countersign_engine;
alter default privileges in schema pgboss grant usage on sequences to countersign_engine;
alter default privileges in schema pgboss grant execute on functions to countersign_engine;

-- A row that is only ever written together with its run's row needs no second look at that row: a foreign key costs
-- more than the insert. Rows are deleted children first.
alter table content drop constraint content_tenant_id_fkey;
alter table workflow_step drop constraint workflow_step_tenant_id_fkey, drop constraint workflow_step_run_id_fkey;
alter table workflow_event drop constraint workflow_event_tenant_id_fkey, drop constraint workflow_event_run_id_fkey;
alter table workflow_signal drop constraint workflow_signal_tenant_id_fkey, drop constraint workflow_signal_run_id_fkey;
alter table artifact drop constraint artifact_tenant_id_fkey, drop constraint artifact_run_id_fkey;
alter table vault_token drop constraint vault_token_tenant_id_fkey;
alter table approval drop constraint approval_tenant_id_fkey, drop constraint approval_run_id_fkey;
alter table approval_decision
  drop constraint approval_decision_tenant_id_fkey, drop constraint approval_decision_run_id_fkey;

grant update on vault_token, subject_key to countersign_engine;

-- Fails a statement that could not write all it was given, so that it is made anew from what stands there now.
create function require_all(written bigint, given bigint) returns void language plpgsql as $$
begin
  if written <> given then
    raise exception '% of % rows were written by somebody else', given - written, given using errcode = '40001';
  end if;
end $$;

-- The same rule as before, without bringing the whole row into JSON to read one column of it.
create function require_audit_of_id() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if not exists (
    select from audit_pending where transaction_id = pg_current_xact_id() and subject = new.id::text
  ) then
    raise exception 'a change of % has no audit record', tg_table_name using errcode = 'CS003';
  end if;
  return null;
end $$;
create function require_audit_of_run() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if not exists (
    select from audit_pending where transaction_id = pg_current_xact_id() and subject = new.run_id::text
  ) then
    raise exception 'a change of % has no audit record', tg_table_name using errcode = 'CS003';
  end if;
  return null;
end $$;
drop trigger workflow_run_audited on workflow_run;
create constraint trigger workflow_run_audited after insert on workflow_run
  deferrable initially deferred for each row execute function require_audit_of_id();
drop trigger workflow_run_change_audited on workflow_run;
create constraint trigger workflow_run_change_audited after update on workflow_run
  deferrable initially deferred for each row
  when ((old.status, old.phase, old.round, old.output_hash, old.input_hash, old.owner_id, old.session_id)
    is distinct from (new.status, new.phase, new.round, new.output_hash, new.input_hash, new.owner_id, new.session_id))
  execute function require_audit_of_id();
drop trigger approval_audited on approval;
create constraint trigger approval_audited after insert or update on approval
  deferrable initially deferred for each row execute function require_audit_of_run();
drop trigger approval_decision_audited on approval_decision;
create constraint trigger approval_decision_audited after insert on approval_decision
  deferrable initially deferred for each row execute function require_audit_of_run();
drop trigger delivery_audited on delivery;
create constraint trigger delivery_audited after insert or update on delivery
  deferrable initially deferred for each row execute function require_audit_of_run();
