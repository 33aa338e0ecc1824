-- What held while a run was done is found by its time, among events that are few beside those of runs.
create index audit_event_conditions on audit_event (tenant_id, occurred_at)
  where type in ('safe_mode.changed', 'hold.placed', 'hold.lift_requested', 'hold.lifted');

-- A report on a period names the checkpoints around it.
create index audit_checkpoint_time on audit_checkpoint (tenant_id, created_at);
