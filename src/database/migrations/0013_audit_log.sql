-- The transparency log over the audit trail. A sequencer takes events from audit_pending, gives them consecutive
-- indexes and writes tiles and head; checkpoints are signed from the committed head. Nothing here is ever made smaller.

create table audit_head (
  tenant_id uuid primary key,
  -- Random, so that the name of a log tells nothing about the tenant.
  log_id uuid not null unique,
  -- Grows when an operator goes on from a database that lies behind its anchor.
  epoch integer not null default 1,
  -- <instance>/audit/<log id>/<epoch>, the name under which checkpoints are signed.
  origin text not null,
  size bigint not null default 0,
  -- RFC 6962 root over the first `size` leaves.
  root_hash bytea not null,
  -- Leaves below were dropped by retention; their hashes stay.
  minimum_index bigint not null default 0,
  sealed_at timestamptz,
  -- The newest checkpoint that stands as a leaf in the system log.
  recorded_epoch integer not null default 0,
  recorded_size bigint not null default 0
) with (fillfactor = 50);

-- Which event has which place. The unique event id makes it impossible to give one event two places.
create table audit_index (
  tenant_id uuid not null,
  index bigint not null,
  event_id uuid not null unique,
  -- Together with the id the key of the event's row.
  occurred_at timestamptz not null,
  leaf_hash bytea not null,
  primary key (tenant_id, index)
);

-- C2SP tlog-tiles: up to 256 hashes of 32 bytes.
create table audit_tile (
  tenant_id uuid not null,
  level smallint not null,
  index bigint not null,
  hashes bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  primary key (tenant_id, level, index)
);
-- Hashes cannot be compressed; trying costs time.
alter table audit_tile alter column hashes set storage external;

create table audit_checkpoint (
  tenant_id uuid not null,
  epoch integer not null,
  size bigint not null,
  origin text not null,
  root_hash bytea not null,
  -- The signed note with the signatures of the log itself.
  note text not null,
  created_at timestamptz not null,
  primary key (tenant_id, epoch, size)
);

-- The newest signature line of each cosigner of a checkpoint: of witnesses, and of the log itself with a time.
create table audit_cosignature (
  tenant_id uuid not null,
  epoch integer not null,
  size bigint not null,
  signer text not null,
  line text not null,
  signed_at timestamptz not null,
  primary key (tenant_id, epoch, size, signer)
);

-- How far the trail has been checked by the nightly self-check.
create table audit_self_check (
  tenant_id uuid primary key,
  epoch integer not null,
  size bigint not null,
  checked_at timestamptz not null
);

-- Pending events are a queue for each tenant now. As the order of one tenant is all that counts, its key begins with it.
alter table audit_pending drop constraint audit_pending_pkey;
alter table audit_pending add primary key (tenant_id, seq);
-- Rows come and go by the thousand: what is dead has to be cleared away at once.
alter table audit_pending set (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_threshold = 20000, autovacuum_vacuum_insert_scale_factor = 0);
alter table audit_head set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

create trigger audit_index_append_only before update or delete on audit_index
  for each row execute function refuse_change();
create trigger audit_index_no_truncate before truncate on audit_index
  for each statement execute function refuse_change();
create trigger audit_checkpoint_append_only before update or delete on audit_checkpoint
  for each row execute function refuse_change();
create trigger audit_checkpoint_no_truncate before truncate on audit_checkpoint
  for each statement execute function refuse_change();

-- A tile only grows at its end.
create function refuse_rewritten_tile() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or substring(new.hashes for octet_length(old.hashes)) <> old.hashes
    or (new.tenant_id, new.level, new.index) <> (old.tenant_id, old.level, old.index) then
    raise exception 'tiles of the audit log only grow' using errcode = 'CS002';
  end if;
  return new;
end $$;
create trigger audit_tile_grows before update or delete on audit_tile
  for each row execute function refuse_rewritten_tile();
create trigger audit_tile_no_truncate before truncate on audit_tile
  for each statement execute function refuse_change();

-- A log never becomes smaller, and a log of one size has one root.
create function refuse_smaller_head() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.size < old.size or new.epoch < old.epoch or new.minimum_index < old.minimum_index
    or (new.tenant_id, new.log_id) <> (old.tenant_id, old.log_id)
    or (new.size = old.size and new.root_hash <> old.root_hash)
    or (new.epoch = old.epoch and new.origin <> old.origin) then
    raise exception 'the head of an audit log only moves on' using errcode = 'CS002';
  end if;
  return new;
end $$;
create trigger audit_head_moves_on before update or delete on audit_head
  for each row execute function refuse_smaller_head();
create trigger audit_head_no_truncate before truncate on audit_head
  for each statement execute function refuse_change();

do $$
begin
  if not exists (select from pg_roles where rolname = 'countersign_sequencer') then
    begin
      create role countersign_sequencer nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role(current_user, 'countersign_sequencer', 'set') then
    begin
      grant countersign_sequencer to current_user;
    exception when unique_violation then null;
    end;
  end if;
  execute format('grant usage on schema %I to countersign_sequencer', current_schema());
end $$;

do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'audit_head', 'audit_index', 'audit_tile', 'audit_checkpoint', 'audit_cosignature', 'audit_self_check']
  loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy sequencer on %I to countersign_sequencer using (true) with check (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
end $$;
create policy sequencer on audit_event for select to countersign_sequencer using (true);
-- The sequencer writes about the log itself and nothing else.
create policy sequencer_writes on audit_event for insert to countersign_sequencer with check (type like 'log.%');
create policy sequencer on audit_pending to countersign_sequencer using (true) with check (true);

grant select on audit_head, audit_index, audit_tile, audit_checkpoint, audit_cosignature, audit_self_check
  to countersign_app, countersign_system;
grant select, insert on audit_event to countersign_sequencer;
grant select, insert, delete on audit_pending to countersign_sequencer;
grant select, insert on audit_index, audit_checkpoint to countersign_sequencer;
grant select, insert, update on audit_head, audit_tile, audit_cosignature, audit_self_check to countersign_sequencer;
