-- Runs under control: retried in place, and forked from what another run has done.

-- How often the run was set going: 1, and one more for each retry.
alter table workflow_run add column attempt integer not null default 1 check (attempt > 0);
-- Whose steps the run has taken over, and the first phase that it does itself. No foreign key: the source may be removed
-- by retention while its forks stay.
alter table workflow_run add column forked_from_run uuid;
alter table workflow_run add column forked_from_phase text check (forked_from_phase in
  ('INITIALIZATION', 'BATCH_DISCOVERY', 'STRATEGY_ANALYSIS', 'GENERATION', 'REVIEW', 'DELIVERY'));
alter table workflow_run add constraint workflow_run_fork_whole
  check ((forked_from_run is null) = (forked_from_phase is null));
create index workflow_run_forks on workflow_run (tenant_id, forked_from_run, id) where forked_from_run is not null;

-- An end is an end. Only a failed run goes on, and only as its next attempt, whatever the program believes.
create function refuse_revival() returns trigger language plpgsql as $$
begin
  raise exception 'an ended run goes on by a retry of a failed one only' using errcode = 'CS006';
end $$;
create trigger workflow_run_end_stands before update of status, attempt on workflow_run
  for each row when (
    old.status in ('COMPLETED', 'REJECTED', 'CANCELLED', 'FAILED') and new.status <> old.status
    and (old.status <> 'FAILED' or new.attempt <> old.attempt + 1))
  execute function refuse_revival();
