-- What the events of a day amount to, counted once when the day is over: a report on a year reads 365 rows instead of
-- a hundred million events, and still knows days whose events were dropped since. Each group keeps the event with the
-- smallest leaf hash as a sample: nobody chooses it, and everybody can find it again.
create table report_day (
  tenant_id uuid not null references tenant,
  -- UTC.
  day date not null,
  events bigint not null check (events >= 0),
  figures jsonb not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, day)
);

alter table report_day enable row level security;
alter table report_day force row level security;
create policy tenant on report_day to countersign_app
  using (tenant_id = current_setting('app.tenant_id')::uuid)
  with check (tenant_id = current_setting('app.tenant_id')::uuid);
create policy system on report_day to countersign_system using (true) with check (true);
create policy owner on report_day to current_user using (true) with check (true);
grant select, insert on report_day to countersign_app;

create trigger report_day_append_only before update or delete on report_day
  for each row execute function refuse_change();
create trigger report_day_no_truncate before truncate on report_day
  for each statement execute function refuse_change();
