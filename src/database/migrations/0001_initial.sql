-- Tables of Countersign. Every table has tenant_id and row-level security; two roles without login use them:
-- countersign_app acts for one tenant (app.tenant_id), countersign_system looks things up before a tenant is known.

create table tenant (
  id uuid primary key,
  name text not null unique,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now()
);

create table api_key (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  name text not null,
  -- SHA-256 under a key of the instance: the key itself is never stored.
  key_hash bytea not null unique,
  display_prefix text not null,
  roles text[] not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_key_tenant on api_key (tenant_id, id);

create table session (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  owner_id text not null,
  metadata_sealed bytea,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  idle_expires_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index session_owner on session (tenant_id, owner_id, id);

-- A history: the newest row of a session, subject and purpose says what holds.
create table consent (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  session_id uuid not null references session,
  -- '*' or the keyed hash of the subject's address.
  subject_ref text not null,
  subject_sealed bytea,
  purpose text not null,
  lawful_basis text not null,
  granted boolean not null,
  recorded_by text not null,
  recorded_at timestamptz not null
);
create index consent_session on consent (session_id, purpose, subject_ref, id desc);

create table subject_key (
  tenant_id uuid not null references tenant,
  subject_ref text not null,
  -- Null once destroyed: everything sealed for the subject is then unreadable for ever.
  wrapped_key bytea,
  created_at timestamptz not null default now(),
  destroyed_at timestamptz,
  primary key (tenant_id, subject_ref)
);

create table idempotency_key (
  tenant_id uuid not null references tenant,
  principal_id text not null,
  key text not null,
  -- Keyed hash over method, path and body.
  fingerprint bytea not null,
  response_status integer,
  response_sealed bytea,
  created_at timestamptz not null default now(),
  locked_until timestamptz not null,
  expires_at timestamptz not null,
  primary key (tenant_id, principal_id, key)
);
create index idempotency_key_expiry on idempotency_key (expires_at);

-- Content-addressed texts: inputs, outputs and artefacts, each stored once per tenant.
create table content (
  tenant_id uuid not null references tenant,
  -- SHA-256 of the canonical JSON (RFC 8785).
  hash bytea not null,
  body jsonb not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, hash)
);

create table workflow_definition (
  tenant_id uuid not null references tenant,
  name text not null,
  version integer not null,
  document jsonb not null,
  digest bytea not null,
  source text not null check (source in ('builtin', 'tenant')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, name, version)
);

create table workflow_run (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  definition text not null,
  definition_version integer not null,
  session_id uuid not null references session,
  owner_id text not null,
  status text not null check (status in
    ('QUEUED', 'RUNNING', 'WAITING_FOR_APPROVAL', 'COMPLETED', 'REJECTED', 'CANCELLED', 'FAILED')),
  phase text not null check (phase in
    ('INITIALIZATION', 'BATCH_DISCOVERY', 'STRATEGY_ANALYSIS', 'GENERATION', 'REVIEW', 'DELIVERY')),
  -- Fencing token: whoever commits with another version than the row's has lost the run.
  version bigint not null default 0,
  history_seq integer not null default 0,
  event_seq integer not null default 0,
  audit_seq integer not null default 0,
  audit_head bytea,
  -- How often REVIEW has sent the run back to GENERATION.
  round integer not null default 0,
  input_hash bytea not null,
  output_hash bytea,
  context jsonb not null default '{}',
  attributes jsonb not null default '{}',
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cost_usd numeric(18, 6) not null default 0,
  degraded boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  completed_at timestamptz
) with (fillfactor = 80);
create index workflow_run_list on workflow_run (tenant_id, id desc);
create index workflow_run_session on workflow_run (session_id);
create index workflow_run_attributes on workflow_run using gin (attributes jsonb_path_ops);

create table workflow_step (
  tenant_id uuid not null references tenant,
  run_id uuid not null references workflow_run,
  seq integer not null,
  kind text not null check (kind in ('step', 'transition', 'approval', 'delivery', 'control')),
  -- Names the work of a step inside its run; a completed one is never executed again.
  step_key text,
  phase text not null,
  agent text,
  attempt integer not null default 1,
  status text not null,
  from_phase text,
  to_phase text,
  input_hash bytea,
  output_hash bytea,
  usage jsonb,
  degraded boolean not null default false,
  detail jsonb,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  primary key (run_id, seq)
);
create unique index workflow_step_memo on workflow_step (run_id, step_key) where step_key is not null and status = 'completed';

create table workflow_event (
  tenant_id uuid not null references tenant,
  run_id uuid not null references workflow_run,
  seq integer not null,
  type text not null,
  data jsonb not null,
  created_at timestamptz not null,
  primary key (run_id, seq)
);

-- Something that happened outside and that a waiting run looks for.
create table workflow_signal (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  run_id uuid not null references workflow_run,
  type text not null,
  payload jsonb not null,
  created_at timestamptz not null,
  consumed_at timestamptz
);
create index workflow_signal_open on workflow_signal (run_id, id) where consumed_at is null;

create table artifact (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  run_id uuid not null references workflow_run,
  kind text not null,
  name text not null,
  version integer not null,
  -- The round of the run that made it.
  round integer not null,
  content_hash bytea not null,
  created_at timestamptz not null,
  unique (run_id, name, version)
);

create table approval (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  run_id uuid not null references workflow_run,
  artifact_id uuid not null references artifact,
  -- SHA-256 of the canonical artefact, action and recipients shown: what delivery computes again.
  binding_hash bytea not null,
  status text not null check (status in ('pending', 'approved', 'rejected', 'changes_requested', 'cancelled', 'expired')),
  requester_id text not null,
  four_eyes boolean not null,
  required_approvals integer not null check (required_approvals > 0),
  round integer not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  unique (run_id, round)
);
create unique index approval_one_pending on approval (run_id) where status = 'pending';
create index approval_waiting on approval (tenant_id, id) where status = 'pending';

create table approval_decision (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  run_id uuid not null references workflow_run,
  approval_id uuid not null references approval,
  actor_id text not null,
  decision text not null check (decision in ('approve', 'reject', 'request_changes')),
  comment text,
  binding_hash bytea not null,
  decided_at timestamptz not null,
  unique (approval_id, actor_id)
);

-- Four-eyes is a constraint of the database, so that no path of the program can forget it.
create function refuse_own_approval() returns trigger language plpgsql as $$
begin
  if new.decision = 'approve' and exists (
    select 1 from approval where id = new.approval_id and four_eyes and requester_id = new.actor_id
  ) then
    raise exception 'the requester may not approve their own run' using errcode = 'CS001';
  end if;
  return new;
end $$;
create trigger approval_decision_four_eyes before insert on approval_decision
  for each row execute function refuse_own_approval();

create table delivery (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  run_id uuid not null references workflow_run,
  index integer not null,
  subject_ref text not null,
  channel text not null,
  -- Stable across attempts, so that a receiver can tell a repetition.
  message_id text not null,
  status text not null check (status in ('pending', 'sending', 'sent', 'failed', 'uncertain')),
  attempts integer not null default 0,
  detail text,
  created_at timestamptz not null,
  sending_at timestamptz,
  settled_at timestamptz,
  settled_by text,
  unique (run_id, index)
);
create index delivery_open on delivery (run_id, index) where status in ('pending', 'sending', 'uncertain');

create table vault_token (
  tenant_id uuid not null references tenant,
  run_id uuid not null,
  token text not null,
  entity text not null,
  subject_ref text not null,
  -- Stands in a text meant for every recipient, so it may be restored for each of them.
  shared boolean not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  primary key (run_id, token)
);
create index vault_token_subject on vault_token (tenant_id, subject_ref);

-- The audit trail. Partitioned by day, so that retention can drop whole days and never deletes a row.
create table audit_event (
  id uuid not null,
  tenant_id uuid not null,
  type text not null,
  outcome text not null,
  occurred_at timestamptz not null,
  actor_type text not null,
  actor_ref text not null,
  session_id uuid,
  run_id uuid,
  run_seq integer,
  run_prev bytea,
  -- The exact canonical bytes (RFC 8785); the columns beside it are projections of it.
  leaf bytea not null,
  -- SHA-256(0x00 || leaf), RFC 6962.
  leaf_hash bytea not null,
  transaction_id xid8 not null default pg_current_xact_id(),
  primary key (id, occurred_at)
) partition by range (occurred_at);
create index audit_event_list on audit_event (tenant_id, id);
create index audit_event_run on audit_event (run_id, run_seq) where run_id is not null;

-- Personal values that belong to an event: the leaf holds a commitment, the value stands here, sealed per subject.
create table audit_sealed (
  event_id uuid not null,
  tenant_id uuid not null,
  path text not null,
  subject_ref text not null,
  sealed bytea not null,
  occurred_at timestamptz not null,
  primary key (event_id, path, occurred_at)
) partition by range (occurred_at);

-- Events that no Merkle log has taken up yet, in an order that agrees with every run chain.
create table audit_pending (
  seq bigint generated always as identity primary key,
  tenant_id uuid not null,
  event_id uuid not null unique,
  -- What the event is about: the run of a run's event, else its first target.
  subject text not null,
  occurred_at timestamptz not null,
  transaction_id xid8 not null default pg_current_xact_id()
);
create index audit_pending_transaction on audit_pending (transaction_id, subject);

create table audit_event_default partition of audit_event default;
create table audit_sealed_default partition of audit_sealed default;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit records are append-only' using errcode = 'CS002';
end $$;
create trigger audit_event_append_only before update or delete on audit_event
  for each row execute function refuse_change();
create trigger audit_sealed_append_only before update or delete on audit_sealed
  for each row execute function refuse_change();
create trigger audit_event_no_truncate before truncate on audit_event
  for each statement execute function refuse_change();
create trigger audit_sealed_no_truncate before truncate on audit_sealed
  for each statement execute function refuse_change();
create trigger audit_event_no_truncate before truncate on audit_event_default
  for each statement execute function refuse_change();
create trigger audit_sealed_no_truncate before truncate on audit_sealed_default
  for each statement execute function refuse_change();

-- No audit record, no change: at commit a changed row needs a record about its subject from the same transaction.
-- The argument names the column that holds the subject. It binds whoever is connected, psql included.
create function require_audit_record() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if not exists (
    select from audit_pending
    where transaction_id = pg_current_xact_id() and subject = to_jsonb(new) ->> tg_argv[0]
  ) then
    raise exception 'a change of % has no audit record', tg_table_name using errcode = 'CS003';
  end if;
  return null;
end $$;

create constraint trigger workflow_run_audited after insert on workflow_run
  deferrable initially deferred for each row execute function require_audit_record('id');
create constraint trigger workflow_run_change_audited after update on workflow_run
  deferrable initially deferred for each row
  when ((old.status, old.phase, old.round, old.output_hash, old.input_hash, old.owner_id, old.session_id)
    is distinct from (new.status, new.phase, new.round, new.output_hash, new.input_hash, new.owner_id, new.session_id))
  execute function require_audit_record('id');
create constraint trigger approval_audited after insert or update on approval
  deferrable initially deferred for each row execute function require_audit_record('run_id');
create constraint trigger approval_decision_audited after insert on approval_decision
  deferrable initially deferred for each row execute function require_audit_record('run_id');
create constraint trigger delivery_audited after insert or update on delivery
  deferrable initially deferred for each row execute function require_audit_record('run_id');
create constraint trigger session_audited after insert on session
  deferrable initially deferred for each row execute function require_audit_record('id');
create constraint trigger session_revocation_audited after update on session
  deferrable initially deferred for each row
  when ((old.revoked_at, old.owner_id, old.expires_at) is distinct from (new.revoked_at, new.owner_id, new.expires_at))
  execute function require_audit_record('id');
create constraint trigger consent_audited after insert on consent
  deferrable initially deferred for each row execute function require_audit_record('session_id');
create constraint trigger api_key_audited after insert or update on api_key
  deferrable initially deferred for each row execute function require_audit_record('id');

-- Makes the day partitions from today on; called at start and each day, days ahead of need.
create function ensure_audit_partitions(days_ahead integer) returns void
  language plpgsql security definer set search_path from current as $$
declare
  day date;
  parent text;
  part text;
begin
  for day in select d::date from generate_series(
    (now() at time zone 'UTC')::date, (now() at time zone 'UTC')::date + days_ahead, interval '1 day') d
  loop
    foreach parent in array array['audit_event', 'audit_sealed'] loop
      part := parent || '_' || to_char(day, 'YYYYMMDD');
      continue when to_regclass(part) is not null;
      execute format('create table %I partition of %I for values from (%L) to (%L)',
        part, parent, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
      execute format('create trigger %I before truncate on %I for each statement execute function refuse_change()',
        parent || '_no_truncate', part);
    end loop;
  end loop;
end $$;
revoke execute on function ensure_audit_partitions(integer) from public;

-- Roles. They belong to the cluster, so another database of it may have made them at the same moment.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['countersign_app', 'countersign_system'] loop
    -- Looked for first, so that an administrator may make them for an owner who cannot.
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    if not pg_has_role(current_user, role_name, 'set') then
      begin
        execute format('grant %I to current_user', role_name);
      exception when unique_violation then null;
      end;
    end if;
  end loop;
end $$;

do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'api_key', 'session', 'consent', 'subject_key', 'idempotency_key', 'content', 'workflow_definition',
    'workflow_run', 'workflow_step', 'workflow_event', 'workflow_signal', 'artifact', 'approval',
    'approval_decision', 'delivery', 'vault_token', 'audit_event', 'audit_sealed', 'audit_pending']
  loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    -- The owner needs a policy as well, or its own dumps and migrations would see nothing.
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
end $$;
alter table tenant enable row level security;
alter table tenant force row level security;
create policy tenant on tenant to countersign_app using (id = current_setting('app.tenant_id')::uuid);
create policy system on tenant to countersign_system using (true) with check (true);
create policy owner on tenant to current_user using (true) with check (true);

do $$
begin
  execute format('grant usage on schema %I to countersign_app, countersign_system', current_schema());
end $$;
grant select on tenant to countersign_app;
grant select, insert, update on api_key, session, subject_key, workflow_run, workflow_signal, approval, delivery
  to countersign_app;
grant select, insert, update on vault_token to countersign_app;
grant select, insert on consent, content, workflow_definition, workflow_step, workflow_event, artifact,
  approval_decision, audit_event, audit_sealed, audit_pending to countersign_app;
grant select, insert, update, delete on idempotency_key to countersign_app;
grant select, insert on tenant to countersign_system;
grant select, insert on api_key, audit_event, audit_pending to countersign_system;
grant select on session, workflow_run, workflow_event, workflow_signal, approval, delivery to countersign_system;
grant delete, select on idempotency_key to countersign_system;
grant execute on function ensure_audit_partitions(integer) to countersign_system;

-- The queue lives beside the tables, so that a job commits with the change that caused it.
create schema if not exists pgboss;
grant usage on schema pgboss to countersign_app, countersign_system;
alter default privileges in schema pgboss grant select, insert, update, delete on tables to countersign_app, countersign_system;
alter default privileges in schema pgboss grant usage on sequences to countersign_app, countersign_system;
alter default privileges in schema pgboss grant execute on functions to countersign_app, countersign_system;
