-- The rights of the people whose data is processed: withdrawal for a whole tenant, restriction, erasure, and what holds
-- erasure back.

-- Which text was shown; a withdrawal that no session stands behind holds in all of them, for one purpose or for all ('*').
alter table consent add column text_version text;
alter table consent alter column session_id drop not null;
alter table consent add constraint consent_of_no_session
  check (session_id is not null or not granted and subject_ref <> '*') not valid;
create index consent_tenant_wide on consent (tenant_id, subject_ref, id desc) where session_id is null;
create index consent_subject on consent (tenant_id, subject_ref, id);

create function require_audit_of_consent() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if not exists (
    select from audit_pending
    where transaction_id = pg_current_xact_id() and subject = coalesce(new.session_id::text, new.subject_ref)
  ) then
    raise exception 'a change of consent has no audit record' using errcode = 'CS003';
  end if;
  return null;
end $$;
drop trigger consent_audited on consent;
create constraint trigger consent_audited after insert on consent
  deferrable initially deferred for each row execute function require_audit_of_consent();

-- Which key wraps a subject's key: null = the instance's own, which does not change; else one that lives for an epoch.
alter table subject_key add column kek_id text;
create index subject_key_epoch on subject_key (tenant_id, kek_id) where wrapped_key is not null;

-- A key goes with a record of it.
create constraint trigger subject_key_destruction_audited after update on subject_key
  deferrable initially deferred for each row
  when (old.wrapped_key is not null and new.wrapped_key is null)
  execute function require_audit_record('subject_ref');

-- What must be kept whatever retention and erasure say.
create table legal_hold (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  scope text not null check (scope in ('tenant', 'run', 'subject', 'period')),
  run_id uuid,
  subject_ref text,
  from_at timestamptz,
  to_at timestamptz,
  -- Where the reason is kept: a number of a case, never a name.
  reference text not null,
  set_by text not null,
  set_at timestamptz not null,
  -- One person asks for its end, another one agrees.
  lift_requested_by text,
  lift_requested_at timestamptz,
  lifted_by text,
  lifted_at timestamptz,
  check ((scope = 'run') = (run_id is not null)),
  check ((scope = 'subject') = (subject_ref is not null)),
  check ((scope = 'period') = (from_at is not null) and (scope = 'period') = (to_at is not null)),
  check (from_at is null or from_at < to_at),
  check ((lift_requested_by is null) = (lift_requested_at is null)),
  check ((lifted_by is null) = (lifted_at is null)),
  constraint legal_hold_two_people check (lifted_by is null or lift_requested_by is not null and lift_requested_by <> lifted_by)
);
-- Holds are few and mostly none: whoever asks finds an empty index.
create index legal_hold_standing on legal_hold (tenant_id, scope) where lifted_at is null;
create unique index legal_hold_subject on legal_hold (tenant_id, subject_ref) where scope = 'subject' and lifted_at is null;
create index legal_hold_list on legal_hold (tenant_id, id);
create constraint trigger legal_hold_audited after insert or update on legal_hold
  deferrable initially deferred for each row execute function require_audit_record('id');

create function keep_legal_hold() returns trigger language plpgsql as $$
begin
  if old.lifted_at is not null
    or (old.scope, old.run_id, old.subject_ref, old.from_at, old.to_at, old.reference, old.set_by, old.set_at)
      is distinct from (new.scope, new.run_id, new.subject_ref, new.from_at, new.to_at, new.reference, new.set_by, new.set_at)
  then
    raise exception 'a hold stands as it was placed' using errcode = 'CS004';
  end if;
  return new;
end $$;
create trigger legal_hold_terms before update on legal_hold for each row execute function keep_legal_hold();

-- People whose data is kept and not used (GDPR Art. 18).
create table subject_restriction (
  tenant_id uuid not null references tenant,
  subject_ref text not null,
  set_by text not null,
  set_at timestamptz not null,
  primary key (tenant_id, subject_ref)
);
create constraint trigger subject_restriction_audited after insert on subject_restriction
  deferrable initially deferred for each row execute function require_audit_record('subject_ref');
create constraint trigger subject_restriction_removal_audited after delete on subject_restriction
  deferrable initially deferred for each row execute function require_audit_record_of_removal('subject_ref');

-- Erasures as they were asked for, and how far each has come.
create table erasure (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  subject_ref text not null,
  status text not null check (status in ('requested', 'deferred', 'running', 'completed')),
  -- Why it waits: hold, restriction.
  deferred_by text,
  requested_by text not null,
  request_id text not null,
  requested_at timestamptz not null,
  key_destroyed_at timestamptz,
  -- Which key the subject's was wrapped with, and until when a copy of the database can be opened with it; null = not known.
  kek_id text,
  unreadable_from timestamptz,
  -- Rows by store, so far.
  counts jsonb not null default '{}',
  completed_at timestamptz,
  event_id uuid,
  check ((status = 'completed') = (completed_at is not null)),
  check ((status = 'deferred') = (deferred_by is not null)),
  check (completed_at is null or event_id is not null)
);
create index erasure_list on erasure (tenant_id, subject_ref, id);
-- One at a time for a person, and what asks whether somebody's data may be used finds only those under way.
create unique index erasure_open on erasure (tenant_id, subject_ref) where completed_at is null;
create index erasure_deferred on erasure (tenant_id, id) where status = 'deferred';
create constraint trigger erasure_audited after insert on erasure
  deferrable initially deferred for each row execute function require_audit_record('subject_ref');
create constraint trigger erasure_change_audited after update on erasure
  deferrable initially deferred for each row when (old.status is distinct from new.status)
  execute function require_audit_record('subject_ref');

-- A sealed value of the trail goes when nobody can open it any more, and not before.
create function refuse_sealed_removal() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if exists (
    select from subject_key
    where tenant_id = old.tenant_id and subject_ref = old.subject_ref and wrapped_key is not null
      and created_at <= old.occurred_at
  ) then
    raise exception 'a sealed value stays as long as its key' using errcode = 'CS002';
  end if;
  return old;
end $$;
drop trigger audit_sealed_append_only on audit_sealed;
create trigger audit_sealed_append_only before update on audit_sealed
  for each row execute function refuse_change();
create trigger audit_sealed_with_key before delete on audit_sealed
  for each row execute function refuse_sealed_removal();
-- Nobody may delete from the trail; this one thing may be removed from beside it.
create function remove_sealed_values(of_tenant uuid, of_subject text, most integer) returns integer
  language plpgsql security definer set search_path from current as $$
declare
  removed integer;
begin
  delete from audit_sealed where (event_id, path, occurred_at) in (
    select event_id, path, occurred_at from audit_sealed
    where tenant_id = of_tenant and subject_ref = of_subject
      and of_tenant = current_setting('app.tenant_id')::uuid
    limit most);
  get diagnostics removed = row_count;
  return removed;
end $$;
revoke execute on function remove_sealed_values(uuid, text, integer) from public;
create index audit_sealed_subject on audit_sealed (tenant_id, subject_ref, event_id);
-- What a restored database is compared with before it is let in.
create index audit_event_erasure on audit_event (tenant_id, id) where type = 'subject.erasure_begun';

-- To take a person out of a delivery is part of an erasure, which has a record of its own.
drop trigger delivery_audited on delivery;
create constraint trigger delivery_audited after insert on delivery
  deferrable initially deferred for each row execute function require_audit_of_run();
create constraint trigger delivery_change_audited after update on delivery
  deferrable initially deferred for each row
  when ((old.status, old.attempts, old.channel, old.message_id, old.index, old.settled_by)
      is distinct from (new.status, new.attempts, new.channel, new.message_id, new.index, new.settled_by)
    or new.subject_ref is distinct from old.subject_ref and new.subject_ref <> 'erased')
  execute function require_audit_of_run();
create index delivery_subject on delivery (tenant_id, subject_ref, id);

do $$
declare
  table_name text;
begin
  foreach table_name in array array['legal_hold', 'subject_restriction', 'erasure'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format(
      'create policy retention on %I to countersign_retention using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy engine on %I to countersign_engine using (true) with check (true)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
  -- The role that removes old runs is also the one that erases people.
  foreach table_name in array array[
    'consent', 'subject_key', 'audit_sealed', 'schedule', 'batch', 'batch_row', 'session', 'idempotency_key']
  loop
    execute format(
      'create policy retention on %I to countersign_retention
         using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
  end loop;
  execute format('create policy engine on audit_sealed to countersign_engine using (true) with check (true)');
end $$;
grant select, insert, update on legal_hold, erasure to countersign_app;
grant select, insert, delete on subject_restriction to countersign_app;
grant select on subject_restriction, erasure to countersign_engine;
grant select on legal_hold, subject_restriction to countersign_retention;
grant select, update on erasure to countersign_retention;
grant select on legal_hold, subject_restriction, erasure to countersign_system;
grant insert, select on audit_sealed to countersign_engine;

grant select on consent, subject_key, audit_sealed, schedule, batch, batch_row, session, idempotency_key
  to countersign_retention;
grant update (subject_sealed) on consent to countersign_retention;
grant update (wrapped_key, destroyed_at, kek_id) on subject_key to countersign_retention;
grant update (subject_ref, detail) on delivery to countersign_retention;
grant update (payload_sealed) on workflow_signal to countersign_retention;
grant update (metadata_sealed) on session to countersign_retention;
grant update (input_sealed, updated_at) on schedule to countersign_retention;
grant update (sealed) on batch_row to countersign_retention;
grant delete on idempotency_key to countersign_retention;
grant execute on function remove_sealed_values(uuid, text, integer) to countersign_retention;
-- Which tenants have something to be looked after.
grant select on subject_key to countersign_system;
