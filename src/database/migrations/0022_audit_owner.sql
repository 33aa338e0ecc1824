-- The trail belongs to a role that nobody logs in as and that the program never takes: not even the user that makes the
-- schema can change a record by mistake. What an owner or a superuser does on purpose shows in the log.

do $$
begin
  if not exists (select from pg_roles where rolname = 'countersign_audit_owner') then
    begin
      create role countersign_audit_owner nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role(current_user, 'countersign_audit_owner', 'set') then
    begin
      -- To hand tables over, and for later migrations; its rights are not inherited.
      grant countersign_audit_owner to current_user with inherit false, set true;
    exception when unique_violation then null;
    end;
  end if;
  execute format('grant usage, create on schema %I to countersign_audit_owner', current_schema());
end $$;

-- The queue is filled and emptied and never rewritten; what witnesses said is not taken back.
create trigger audit_pending_never_rewritten before update on audit_pending
  for each row execute function refuse_change();
create trigger audit_pending_no_truncate before truncate on audit_pending
  for each statement execute function refuse_change();
create trigger audit_cosignature_kept before delete on audit_cosignature
  for each row execute function refuse_change();
create trigger audit_cosignature_no_truncate before truncate on audit_cosignature
  for each statement execute function refuse_change();

-- Functions that act with the rights of their owner look at no table that a caller has put in the way: a temporary one
-- would otherwise come first, and be taken for the record of a change.
do $$
declare
  definer regprocedure;
begin
  for definer in
    select oid from pg_proc where prosecdef and pronamespace = current_schema()::regnamespace
  loop
    execute format('alter function %s set search_path = %I, pg_temp', definer, current_schema());
  end loop;
end $$;

-- What the functions of the trail ask of other tables.
do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'tenant', 'legal_hold', 'workflow_run', 'subject_restriction', 'subject_key', 'report_day']
  loop
    execute format('create policy audit_owner on %I for select to countersign_audit_owner using (true)', table_name);
    execute format('grant select on %I to countersign_audit_owner', table_name);
  end loop;
end $$;
-- To keep holds as they are for a moment.
grant maintain on legal_hold to countersign_audit_owner;

do $$
declare
  relation record;
  definer regprocedure;
  maker constant text := current_user;
begin
  for relation in
    select class.oid::regclass as name, class.relispartition as is_partition from pg_class class
    where class.relnamespace = current_schema()::regnamespace and class.relkind in ('r', 'p') and class.relname ~ '^audit_'
    -- Parents first.
    order by class.relispartition
  loop
    if not relation.is_partition then
      execute format('create policy audit_owner on %s to countersign_audit_owner using (true) with check (true)', relation.name);
    end if;
    execute format('alter table %s owner to countersign_audit_owner', relation.name);
  end loop;
  for definer in
    select oid from pg_proc
    where prosecdef and pronamespace = current_schema()::regnamespace and (
      proname ~ '^require_audit' or proname in (
        'ensure_audit_partitions', 'remove_sealed_values', 'refuse_sealed_removal', 'refuse_below_floor',
        'due_audit_events', 'retire_audit_day'))
  loop
    execute format('alter function %s owner to countersign_audit_owner', definer);
  end loop;
  -- For dumps. Only the new owner can give it.
  set local role countersign_audit_owner;
  for relation in
    select class.oid::regclass as name from pg_class class
    where class.relnamespace = current_schema()::regnamespace and class.relkind in ('r', 'p') and class.relname ~ '^audit_'
  loop
    execute format('grant select on %s to %I', relation.name, maker);
  end loop;
  reset role;
end $$;
