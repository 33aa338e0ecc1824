-- Webhooks: what happens to runs, told to subscribers.

-- Which transaction wrote an event. A reader that takes only what is older than every running transaction misses
-- none, in whatever order they commit; the position in the run alone cannot say that.
alter table workflow_event add column transaction_id xid8 not null default pg_current_xact_id();
create index workflow_event_transaction on workflow_event (tenant_id, transaction_id);

create table webhook_endpoint (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  -- The address may hold a token of the receiver.
  url_sealed bytea not null,
  event_types text[] not null check (cardinality(event_types) > 0),
  -- Only events of runs of this definition; null = of all.
  definition text,
  description text,
  enabled boolean not null default true,
  disabled_reason text check (disabled_reason in ('requested', 'gone', 'failing')),
  -- Since when every attempt has failed; null once one succeeds.
  failing_since timestamptz,
  -- When deliveries want to be made; null = none waits.
  due_at timestamptz,
  -- Until then a worker has the endpoint, or it rests; `lease` names who has it.
  taken_until timestamptz not null default '-infinity',
  lease uuid,
  created_by text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  check (enabled = (disabled_reason is null))
);
create index webhook_endpoint_list on webhook_endpoint (tenant_id, id);
create index webhook_endpoint_due on webhook_endpoint (due_at) where enabled and deleted_at is null;

create table webhook_secret (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  endpoint_id uuid not null references webhook_endpoint on delete cascade,
  sealed bytea not null,
  created_at timestamptz not null,
  -- Null for the newest: it signs until another takes its place.
  expires_at timestamptz
);
create index webhook_secret_endpoint on webhook_secret (endpoint_id, id desc);

-- How far the events of a tenant have been handed out: everything up to here has been.
create table webhook_cursor (
  tenant_id uuid primary key references tenant,
  transaction_id xid8 not null,
  run_id uuid not null,
  seq integer not null,
  moved_at timestamptz not null
);

-- The exact text that is signed and sent, once for all endpoints. The id is the `webhook-id`, made of run and
-- position, so that an event handed out twice is still one message.
create table webhook_message (
  id text not null,
  tenant_id uuid not null references tenant,
  run_id uuid,
  sequence integer,
  type text not null,
  body text not null,
  created_at timestamptz not null,
  primary key (tenant_id, id)
);
create index webhook_message_age on webhook_message (created_at);

create table webhook_delivery (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  endpoint_id uuid not null references webhook_endpoint on delete cascade,
  message_id text not null,
  -- Order of handing out.
  position bigint generated always as identity,
  status text not null check (status in ('pending', 'succeeded', 'failed')),
  attempts integer not null default 0,
  -- Attempts since the delivery was last asked for: where it stands in the retry schedule.
  failures integer not null default 0,
  next_attempt_at timestamptz,
  -- The newest attempts: when, how long, status and size of the answer. Never its text.
  attempt_log jsonb not null default '[]',
  created_at timestamptz not null,
  settled_at timestamptz,
  unique (tenant_id, message_id, endpoint_id),
  foreign key (tenant_id, message_id) references webhook_message (tenant_id, id) on delete cascade,
  check ((status = 'pending') = (next_attempt_at is not null))
);
create index webhook_delivery_list on webhook_delivery (endpoint_id, id desc);
create index webhook_delivery_due on webhook_delivery (endpoint_id, next_attempt_at, position) where status = 'pending';

create constraint trigger webhook_endpoint_audited after insert on webhook_endpoint
  deferrable initially deferred for each row execute function require_audit_record('id');
create constraint trigger webhook_endpoint_change_audited after update on webhook_endpoint
  deferrable initially deferred for each row
  when ((old.url_sealed, old.event_types, old.definition, old.description, old.enabled, old.disabled_reason, old.deleted_at)
    is distinct from (new.url_sealed, new.event_types, new.definition, new.description, new.enabled, new.disabled_reason, new.deleted_at))
  execute function require_audit_record('id');
create constraint trigger webhook_secret_audited after insert or update on webhook_secret
  deferrable initially deferred for each row execute function require_audit_record('endpoint_id');

do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'webhook_endpoint', 'webhook_secret', 'webhook_cursor', 'webhook_message', 'webhook_delivery']
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
grant select, insert, update on webhook_endpoint, webhook_delivery to countersign_app;
grant select, insert, update, delete on webhook_secret, webhook_cursor to countersign_app;
grant select, insert on webhook_message to countersign_app;
-- Upkeep: who has news or something due, and forgetting what is past its time.
grant select on webhook_cursor to countersign_system;
grant select, delete on webhook_endpoint, webhook_secret, webhook_message, webhook_delivery to countersign_system;
grant update (taken_until, lease) on webhook_endpoint to countersign_system;
