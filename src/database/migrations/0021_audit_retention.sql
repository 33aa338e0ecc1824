-- Retention of the trail, by day. A day is replaced by a smaller one that holds what has to be kept for longer, and
-- the last of it goes with its partition; nothing is ever deleted from one. What went stays provable: hashes, tiles and
-- checkpoints are kept, and so is the record of each removal, leaf and all.

-- Nobody who calls the functions below may put a table of their own in the way of one that these read.
select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- How long records are kept by what they are evidence of, in days. A policy may only say more than the floor.
create table audit_retention_class (
  class text primary key,
  floor_days integer not null check (floor_days > 0),
  default_days integer not null check (default_days >= floor_days)
);
insert into audit_retention_class (class, floor_days, default_days) values
  ('standard', 30, 90), ('security', 90, 365), ('ai-high-risk', 183, 183), ('consent', 1096, 1096), ('hipaa', 2192, 2192);

-- Which class the records of a type are in, as the program says at its start. A type that is not here is kept longest.
create table audit_event_class (
  type text primary key,
  class text not null references audit_retention_class
);
create function refuse_shorter_class() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.type <> old.type or
    (select floor_days from audit_retention_class where class = new.class) <
    (select floor_days from audit_retention_class where class = old.class) then
    raise exception 'records of a type are kept for longer, never for less' using errcode = 'CS002';
  end if;
  return new;
end $$;
create trigger audit_event_class_grows before update or delete on audit_event_class
  for each row execute function refuse_shorter_class();
create trigger audit_event_class_no_truncate before truncate on audit_event_class
  for each statement execute function refuse_change();
create trigger audit_retention_class_fixed before insert or update or delete on audit_retention_class
  for each row execute function refuse_change();
create trigger audit_retention_class_no_truncate before truncate on audit_retention_class
  for each statement execute function refuse_change();

-- What a tenant says instead of the default. A row for `hipaa` puts every record of the tenant under it.
create table audit_retention_policy (
  tenant_id uuid not null references tenant,
  class text not null references audit_retention_class,
  -- 0 = for ever.
  retention_days integer not null check (retention_days between 0 and 36500),
  updated_by text not null,
  updated_at timestamptz not null,
  primary key (tenant_id, class)
);
create function refuse_below_floor() returns trigger
  language plpgsql security definer set search_path from current as $$
begin
  if new.retention_days > 0 and
    new.retention_days < (select floor_days from audit_retention_class where class = new.class) then
    raise exception 'records of the class % are kept for longer than that', new.class using errcode = 'CS007';
  end if;
  return new;
end $$;
create trigger audit_retention_policy_floor before insert or update on audit_retention_policy
  for each row execute function refuse_below_floor();
create constraint trigger audit_retention_policy_audited after insert or update on audit_retention_policy
  deferrable initially deferred for each row execute function require_audit_record('class');
create constraint trigger audit_retention_policy_removal_audited after delete on audit_retention_policy
  deferrable initially deferred for each row execute function require_audit_record_of_removal('class');

-- Files to which stretches of logs were exported and verified, before anything of a day goes.
create table audit_archive (
  tenant_id uuid not null,
  day date not null,
  from_index bigint not null check (from_index >= 0),
  -- Exclusive.
  to_index bigint not null check (to_index > from_index),
  -- Relative to the archive folder.
  file text not null unique,
  digest bytea not null check (octet_length(digest) = 32),
  verified_at timestamptz not null,
  primary key (tenant_id, day, from_index)
);

-- What went, kept for good: without it nobody could tell what was removed in order from what was taken away.
create table audit_retirement (
  tenant_id uuid not null,
  day date not null,
  event_id uuid not null,
  -- The record of the removal. Its hash stands in the log; `gaps` is what it commits to.
  leaf bytea not null,
  -- Places of the log whose leaves went.
  gaps int8multirange not null check (not isempty(gaps)),
  retired_at timestamptz not null default now(),
  primary key (tenant_id, event_id)
);

-- When a day was last looked at: most days hold nothing that is due, and to find that out costs a walk over all of it.
create table audit_day_look (
  day date primary key,
  looked_on date not null
);

create trigger audit_archive_append_only before update or delete on audit_archive
  for each row execute function refuse_change();
create trigger audit_archive_no_truncate before truncate on audit_archive
  for each statement execute function refuse_change();
create trigger audit_retirement_append_only before update or delete on audit_retirement
  for each row execute function refuse_change();
create trigger audit_retirement_no_truncate before truncate on audit_retirement
  for each statement execute function refuse_change();

-- What of a day may go at this moment, by tenant. All that the program could get wrong about it is decided here.
create function due_audit_events(of_day date)
  returns table (tenant_id uuid, dropped bigint, kept bigint, gaps int8multirange, first_index bigint, end_index bigint,
    is_counted boolean)
  language plpgsql stable security definer set search_path from current as $$
#variable_conflict use_column
declare
  begins constant timestamptz := of_day::timestamp at time zone 'UTC';
  ends constant timestamptz := (of_day + 1)::timestamp at time zone 'UTC';
  -- Whole days since the end of it.
  age constant integer := (now() at time zone 'UTC')::date - of_day - 1;
  for_ever constant integer := 1000000;
begin
  return query
  with log as (
    select head.tenant_id,
      (select max(checkpoint.size) from audit_checkpoint checkpoint
        where checkpoint.tenant_id = head.tenant_id and checkpoint.epoch = head.epoch) as signed,
      exists (select from legal_hold hold where hold.tenant_id = head.tenant_id and hold.lifted_at is null
        and (hold.scope <> 'period' or hold.from_at < ends and hold.to_at > begins)) as is_held,
      -- Reports go on knowing a day by what was counted of it.
      exists (select from report_day counted where counted.tenant_id = head.tenant_id and counted.day = of_day)
        or not exists (select from tenant where tenant.id = head.tenant_id) as is_counted,
      exists (select from audit_retention_policy policy
        where policy.tenant_id = head.tenant_id and policy.class = 'hipaa') as is_hipaa
    from audit_head head
  ), period as (
    select log.tenant_id, class.class,
      coalesce(nullif(coalesce(policy.retention_days, class.default_days), 0), for_ever) as days
    from log cross join audit_retention_class class
    left join audit_retention_policy policy on policy.tenant_id = log.tenant_id and policy.class = class.class
  ), judged as (
    select event.tenant_id, place.index, log.is_counted,
      place.index is not null and place.index < log.signed and log.is_counted and not log.is_held
        and age >= own.days
        -- A chain of a run goes whole, and only after the run itself.
        and (event.run_id is null
          or age >= ai.days and not exists (select from workflow_run run where run.id = event.run_id))
        and (not log.is_hipaa or age >= hipaa.days)
        and not exists (
          select from audit_sealed value join subject_restriction restricted
            on restricted.tenant_id = value.tenant_id and restricted.subject_ref = value.subject_ref
          where value.event_id = event.id and value.occurred_at = event.occurred_at) as is_due
    from audit_event event
    left join audit_index place on place.event_id = event.id
    left join log on log.tenant_id = event.tenant_id
    left join audit_event_class known on known.type = event.type
    left join period own on own.tenant_id = event.tenant_id and own.class = coalesce(known.class, 'hipaa')
    left join period ai on ai.tenant_id = event.tenant_id and ai.class = 'ai-high-risk'
    left join period hipaa on hipaa.tenant_id = event.tenant_id and hipaa.class = 'hipaa'
    where event.occurred_at >= begins and event.occurred_at < ends
  )
  select judged.tenant_id, count(*) filter (where is_due), count(*) filter (where is_due is not true),
    range_agg(int8range(judged.index, judged.index + 1)) filter (where is_due), min(judged.index), max(judged.index) + 1,
    coalesce(bool_and(judged.is_counted), false)
  from judged group by judged.tenant_id;
end $$;
revoke execute on function due_audit_events(date) from public;

-- Takes out of a day what is due at this moment, and answers how many events went. It asks for an exported and verified
-- file of each, and for one record a tenant that names exactly what goes, written by the same transaction.
create function retire_audit_day(of_day date, records uuid[]) returns bigint
  language plpgsql security definer set search_path from current as $$
declare
  suffix constant text := to_char(of_day, 'YYYYMMDD');
  begins constant text := of_day::text || ' 00:00:00+00';
  ends constant text := (of_day + 1)::text || ' 00:00:00+00';
  parent text;
  part text;
  next_part text;
  due record;
  leaf bytea;
  record_id uuid;
  detail jsonb;
  used integer := 0;
  total bigint := 0;
  is_empty boolean;
begin
  if to_regclass('audit_event_' || suffix) is null or to_regclass('audit_sealed_' || suffix) is null then
    raise exception 'there is no partition of %', of_day using errcode = 'CS007';
  end if;
  -- Nobody places a hold or says to keep records for longer while they go.
  lock table legal_hold, audit_retention_policy in share mode;
  -- A value that is erased meanwhile must not come back with the copy.
  execute format('lock table %I, %I in share mode', 'audit_event_' || suffix, 'audit_sealed_' || suffix);
  for due in select * from due_audit_events(of_day) found where found.dropped > 0 order by found.tenant_id loop
    if not due.gaps <@ (
      select range_agg(int8range(archive.from_index, archive.to_index)) from audit_archive archive
      where archive.tenant_id = due.tenant_id and archive.day = of_day) is not distinct from true then
      raise exception 'what is to be removed has not been exported' using errcode = 'CS007';
    end if;
    select event.id, event.leaf into record_id, leaf from audit_event event
    where event.tenant_id = due.tenant_id and event.id = any(records) and event.type = 'retention.trail_dropped'
      and event.transaction_id = pg_current_xact_id();
    detail := convert_from(leaf, 'UTF8')::jsonb -> 'detail';
    if detail is null or detail ->> 'day' is distinct from of_day::text
      or detail ->> 'gaps' is distinct from encode(sha256(convert_to(due.gaps::text, 'UTF8')), 'hex') then
      raise exception 'a removal from the trail has no audit record' using errcode = 'CS003';
    end if;
    insert into audit_retirement (tenant_id, day, event_id, leaf, gaps)
      values (due.tenant_id, of_day, record_id, leaf, due.gaps);
    used := used + 1;
    total := total + due.dropped;
  end loop;
  if used <> coalesce(cardinality(records), 0) then
    raise exception 'a record speaks of a removal that does not take place' using errcode = 'CS003';
  end if;
  if total = 0 then return 0; end if;

  -- What stays is copied first; the day is away only for as long as it takes to put the copy in its place.
  foreach parent in array array['audit_event', 'audit_sealed'] loop
    part := parent || '_' || suffix;
    next_part := part || '_next';
    execute format('create table %I (like %I including all)', next_part, parent);
    execute format('alter table %I add constraint of_day check (occurred_at >= %L and occurred_at < %L)',
      next_part, begins, ends);
    execute format(
      'insert into %I select kept.* from %I kept where not exists (
         select from audit_index place join audit_retirement gone
           on gone.tenant_id = place.tenant_id and gone.day = %L and gone.gaps @> place.index
         where place.event_id = kept.%I)',
      next_part, part, of_day, case parent when 'audit_event' then 'id' else 'event_id' end);
  end loop;
  execute format('select not exists (select from %I)', 'audit_event_' || suffix || '_next') into is_empty;
  -- From here on nothing is sealed, and then nothing recorded, until this has come to its end.
  update audit_head head set minimum_index = (
    select upper(first) from unnest((
      select range_agg(away.gap) from (
        select int8range(0, head.minimum_index) as gap
        union all select unnest(gone.gaps) from audit_retirement gone where gone.tenant_id = head.tenant_id) away)) first
    order by first limit 1)
  where exists (select from audit_retirement gone
    where gone.tenant_id = head.tenant_id and gone.gaps @> head.minimum_index);
  foreach parent in array array['audit_event', 'audit_sealed'] loop
    part := parent || '_' || suffix;
    next_part := part || '_next';
    execute format('alter table %I detach partition %I', parent, part);
    execute format('drop table %I', part);
    if is_empty then
      execute format('drop table %I', next_part);
      continue;
    end if;
    execute format('alter table %I rename to %I', next_part, part);
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part, begins, ends);
    execute format('alter table %I drop constraint of_day', part);
    execute format('create trigger %I before truncate on %I for each statement execute function refuse_change()',
      parent || '_no_truncate', part);
  end loop;
  return total;
end $$;
revoke execute on function retire_audit_day(date, uuid[]) from public;

do $$
declare
  table_name text;
begin
  foreach table_name in array array['audit_retention_policy', 'audit_archive', 'audit_retirement'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy retention on %I to countersign_retention using (true) with check (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
  foreach table_name in array array['audit_retention_class', 'audit_event_class', 'audit_day_look'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy retention on %I to countersign_retention using (true) with check (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
  end loop;
end $$;
-- Of the logs of all tenants, retention writes about what it removes and nothing else.
create policy retention_records on audit_event for insert to countersign_retention
  with check (type in ('retention.trail_archived', 'retention.trail_dropped'));
create policy retention_records on audit_pending for insert to countersign_retention with check (subject ~ '^\d{4}-\d\d-\d\d$');

grant select on audit_retention_class, audit_event_class to countersign_system, countersign_retention;
grant insert, update on audit_event_class to countersign_system;
grant select, insert, update, delete on audit_retention_policy to countersign_app;
grant select on audit_archive, audit_retirement to countersign_app, countersign_system;
grant select, insert on audit_archive to countersign_retention;
grant select on audit_retirement, audit_retention_policy to countersign_retention;
grant select, insert, update on audit_day_look to countersign_retention;
grant execute on function due_audit_events(date), retire_audit_day(date, uuid[]) to countersign_retention;
