-- The switch under which nothing outside is called: of a tenant, or of the whole instance. The row of the instance
-- belongs to the tenant that administers it.
create table safe_mode (
  tenant_id uuid not null references tenant,
  scope text not null check (scope in ('tenant', 'instance')),
  enabled boolean not null,
  -- Personal data is taken out of it.
  reason text not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (tenant_id, scope)
);
-- There is one instance.
create unique index safe_mode_of_instance on safe_mode (scope) where scope = 'instance';

alter table safe_mode enable row level security;
alter table safe_mode force row level security;
create policy tenant on safe_mode to countersign_app
  using (tenant_id = current_setting('app.tenant_id')::uuid)
  with check (tenant_id = current_setting('app.tenant_id')::uuid);
create policy system on safe_mode to countersign_system using (true) with check (true);
create policy engine on safe_mode to countersign_engine using (true) with check (true);
create policy owner on safe_mode to current_user using (true) with check (true);
grant select, insert, update on safe_mode to countersign_app;
grant select on safe_mode to countersign_system, countersign_engine;

create constraint trigger safe_mode_audited after insert or update on safe_mode
  deferrable initially deferred for each row execute function require_audit_record('tenant_id');
