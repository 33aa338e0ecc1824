-- Policies of tenants, in versions that never change, and which of them holds. Beside them every run keeps what it was
-- started under, and how sensitive its data is.

create table policy_version (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  version integer not null check (version > 0),
  -- Cedar texts by the ids of the policies.
  policies jsonb not null,
  settings jsonb not null,
  -- Whether the built-in permit holds beside them; the built-in forbids always do.
  default_permit boolean not null,
  digest bytea not null,
  created_by text not null,
  created_at timestamptz not null,
  unique (tenant_id, version)
);

-- One row for each time that another version was made to hold; the newest counts. Version 0 stands for what is built in.
create table policy_activation (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  number integer not null check (number > 0),
  version integer not null check (version >= 0),
  -- Runs started from here on, or those under way as well.
  applies_to text not null check (applies_to in ('new', 'all')),
  kind text not null check (kind in ('activate', 'rollback')),
  -- The activation to which a rollback leads back; 0 = what is built in, null = there is nothing before it.
  undo_to integer check (undo_to >= 0 and undo_to < number),
  activated_by text not null,
  activated_at timestamptz not null,
  unique (tenant_id, number)
);
create index policy_activation_for_all on policy_activation (tenant_id, number) where applies_to = 'all';

create constraint trigger policy_version_audited after insert on policy_version
  deferrable initially deferred for each row execute function require_audit_of_id();
create constraint trigger policy_activation_audited after insert on policy_activation
  deferrable initially deferred for each row execute function require_audit_of_id();

create function refuse_change_of_policies() returns trigger language plpgsql as $$
begin
  raise exception 'versions of policies and their activations stand' using errcode = 'CS004';
end $$;
create trigger policy_version_stands before update or delete on policy_version
  for each row execute function refuse_change_of_policies();
create trigger policy_activation_stands before update or delete on policy_activation
  for each row execute function refuse_change_of_policies();

do $$
declare
  table_name text;
begin
  foreach table_name in array array['policy_version', 'policy_activation'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to countersign_app using (tenant_id = current_setting(''app.tenant_id'')::uuid)
         with check (tenant_id = current_setting(''app.tenant_id'')::uuid)', table_name);
    execute format('create policy system on %I to countersign_system using (true) with check (true)', table_name);
    execute format('create policy engine on %I to countersign_engine using (true)', table_name);
    execute format('create policy owner on %I to current_user using (true) with check (true)', table_name);
    execute format('grant select, insert on %I to countersign_app', table_name);
    execute format('grant select on %I to countersign_engine', table_name);
  end loop;
end $$;

-- From the least to the most sensitive: the order counts.
create type data_classification as enum ('public', 'internal', 'confidential', 'restricted');

alter table workflow_run
  add column classification data_classification not null default 'public',
  -- The version of policies it was started under, the activation by which that held, and the roles of its owner then.
  add column policy_version integer not null default 0,
  add column policy_activation integer not null default 0,
  add column owner_roles text[] not null default '{}';

create function keep_run_policy() returns trigger language plpgsql as $$
begin
  raise exception 'the classification of a run never falls, and what it was started under stands' using errcode = 'CS004';
end $$;
create trigger workflow_run_policy_stands before update on workflow_run for each row
  when (new.classification < old.classification
    or new.policy_version <> old.policy_version
    or new.policy_activation <> old.policy_activation
    or new.owner_roles <> old.owner_roles)
  execute function keep_run_policy();
