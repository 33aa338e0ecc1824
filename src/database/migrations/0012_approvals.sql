-- What people need to work with approvals: who may decide, how many refusals end it, when they are reminded and when
-- others are asked as well. The defaults are what approvals without any of it have always meant.
alter table approval
  add column roles text[] not null default '{reviewer,compliance_officer,admin}' check (cardinality(roles) > 0),
  add column reject_quorum integer not null default 1 check (reject_quorum > 0),
  -- When people are reminded, in order; `reminded` is how many of them are done with.
  add column remind_at timestamptz[] not null default '{}',
  add column reminded integer not null default 0 check (reminded >= 0),
  -- When others are asked; who may decide from then on.
  add column escalate_at timestamptz,
  add column escalation_roles text[] not null default '{}',
  add column escalated_at timestamptz;

-- A person decides once on a version; an edit makes another version, on which they may decide again.
alter table approval_decision drop constraint approval_decision_approval_id_actor_id_key;
alter table approval_decision add constraint approval_decision_once unique (approval_id, actor_id, binding_hash);

-- Somebody's say on one approval, handed to somebody else. No foreign keys: rows are written with the run's row.
create table approval_delegation (
  id uuid primary key,
  tenant_id uuid not null,
  run_id uuid not null,
  approval_id uuid not null,
  from_actor text not null,
  to_actor text not null check (to_actor <> from_actor),
  -- Tokens stand in place of personal data.
  reason text,
  created_at timestamptz not null,
  unique (approval_id, from_actor)
);
create index approval_delegation_to on approval_delegation (approval_id, to_actor);
create index approval_delegation_run on approval_delegation (run_id);

alter table approval_delegation enable row level security;
alter table approval_delegation force row level security;
create policy tenant on approval_delegation to countersign_app
  using (tenant_id = current_setting('app.tenant_id')::uuid)
  with check (tenant_id = current_setting('app.tenant_id')::uuid);
create policy system on approval_delegation to countersign_system using (true) with check (true);
create policy engine on approval_delegation to countersign_engine using (true) with check (true);
create policy retention on approval_delegation to countersign_retention
  using (tenant_id = current_setting('app.tenant_id')::uuid)
  with check (tenant_id = current_setting('app.tenant_id')::uuid);
create policy owner on approval_delegation to current_user using (true) with check (true);
grant select, insert on approval_delegation to countersign_app, countersign_engine;
grant select, delete on approval_delegation to countersign_retention;

create constraint trigger approval_delegation_audited after insert on approval_delegation
  deferrable initially deferred for each row execute function require_audit_of_run();

-- Who may decide and until when, as constraints of the database, so that no path of the program can forget them.
-- CS001 four eyes, CS005 too late, CS006 not theirs to decide.
create function check_approval_decision() returns trigger
  language plpgsql security definer set search_path from current as $$
declare
  asked approval;
  actor api_key;
begin
  select * into asked from approval where id = new.approval_id and tenant_id = new.tenant_id;
  if not found then
    raise exception 'there is no such approval' using errcode = 'CS006';
  end if;
  if new.decision = 'approve' and asked.four_eyes and asked.requester_id = new.actor_id then
    raise exception 'the requester may not approve their own run' using errcode = 'CS001';
  end if;
  if greatest(new.decided_at, clock_timestamp()) >= asked.expires_at then
    raise exception 'the approval has expired' using errcode = 'CS005';
  end if;
  if exists (select from approval_delegation d where d.approval_id = asked.id and d.from_actor = new.actor_id) then
    raise exception 'the say was handed to somebody else' using errcode = 'CS006';
  end if;
  -- Roles as they are now, not as they were when the request came in. Of principals that are no API keys the database
  -- knows nothing; their roles are attested where they are admitted.
  if new.actor_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select * into actor from api_key where id = new.actor_id::uuid and tenant_id = new.tenant_id;
    if found and (
      actor.revoked_at is not null or actor.expires_at <= clock_timestamp()
      or not (actor.roles && array['reviewer', 'compliance_officer', 'admin'])
      or not (actor.roles && asked.roles) and not exists (
        select from approval_delegation d where d.approval_id = asked.id and d.to_actor = new.actor_id)
    ) then
      raise exception 'this principal may not decide on this approval' using errcode = 'CS006';
    end if;
  end if;
  return new;
end $$;
drop trigger approval_decision_four_eyes on approval_decision;
drop function refuse_own_approval();
create trigger approval_decision_allowed before insert on approval_decision
  for each row execute function check_approval_decision();

-- A say goes from somebody who has it to somebody who may have it, once: it is never handed on, and never to the
-- requester, who would otherwise approve by another's hand.
create function check_approval_delegation() returns trigger
  language plpgsql security definer set search_path from current as $$
declare
  asked approval;
begin
  select * into asked from approval where id = new.approval_id and tenant_id = new.tenant_id;
  if not found or asked.status <> 'pending' then
    raise exception 'there is no such approval to be decided' using errcode = 'CS006';
  end if;
  if new.to_actor = asked.requester_id or asked.four_eyes and new.from_actor = asked.requester_id then
    raise exception 'the requester takes no part in delegation' using errcode = 'CS001';
  end if;
  if greatest(new.created_at, clock_timestamp()) >= asked.expires_at then
    raise exception 'the approval has expired' using errcode = 'CS005';
  end if;
  if exists (
    select from approval_delegation d
    where d.approval_id = asked.id and (d.to_actor = new.from_actor or d.from_actor = new.to_actor)
  ) then
    raise exception 'a delegated say is not handed on' using errcode = 'CS006';
  end if;
  if exists (
    select from approval_decision d
    where d.approval_id = asked.id and d.binding_hash = asked.binding_hash and d.actor_id in (new.from_actor, new.to_actor)
  ) then
    raise exception 'who has decided has no say left to hand over or to receive' using errcode = 'CS006';
  end if;
  return new;
end $$;
create trigger approval_delegation_allowed before insert on approval_delegation
  for each row execute function check_approval_delegation();

-- An approval is only what people have made it: as many different ones as it asks for have approved exactly what it
-- binds, or have refused it. Deferred, because the decision may be written after the approval's own row.
create function check_approval_quorum() returns trigger
  language plpgsql security definer set search_path from current as $$
declare
  wanted integer;
  given integer;
begin
  if new.status = 'approved' then
    wanted := new.required_approvals;
    select count(distinct d.actor_id) into given from approval_decision d
    where d.approval_id = new.id and d.decision = 'approve' and d.binding_hash = new.binding_hash;
  else
    wanted := new.reject_quorum;
    select count(distinct d.actor_id) into given from approval_decision d
    where d.approval_id = new.id and d.decision = 'reject';
  end if;
  if given < wanted then
    raise exception 'approval % is %, but only % of % have decided so', new.id, new.status, given, wanted
      using errcode = 'CS004';
  end if;
  return null;
end $$;
-- Named so that it speaks before the check for an audit record does.
create constraint trigger approval_as_decided after insert or update on approval
  deferrable initially deferred for each row
  when (new.status in ('approved', 'rejected'))
  execute function check_approval_quorum();

-- Who was asked, and how, does not change under those who decide; escalation alone may ask others.
create function keep_approval_terms() returns trigger language plpgsql as $$
begin
  if (old.required_approvals, old.reject_quorum, old.four_eyes, old.requester_id, old.expires_at, old.remind_at,
      old.escalate_at, old.escalation_roles)
    is distinct from (new.required_approvals, new.reject_quorum, new.four_eyes, new.requester_id, new.expires_at,
      new.remind_at, new.escalate_at, new.escalation_roles)
    or old.status <> 'pending' and new.status <> old.status
    or new.reminded < old.reminded
    or old.escalated_at is not null and new.escalated_at is distinct from old.escalated_at
    or new.roles <> old.roles and (new.escalated_at is null or new.roles <> old.escalation_roles)
  then
    raise exception 'the terms of an approval stand' using errcode = 'CS004';
  end if;
  return new;
end $$;
create trigger approval_terms before update on approval for each row execute function keep_approval_terms();
