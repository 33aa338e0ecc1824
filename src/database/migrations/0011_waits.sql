-- Runs that wait for a time or a signal, and steps with outcomes besides "completed".

alter table workflow_run
  -- What the run waits for inside a phase, see `WaitingFor`; null for one that does not.
  add column waiting_for jsonb,
  -- When the run ends FAILED if it has not ended by then; null = never.
  add column deadline_at timestamptz;

-- Not validated: rows that are there keep to the narrower rule, and reading them all would stop every writer.
alter table workflow_step drop constraint workflow_step_kind_check;
alter table workflow_step add constraint workflow_step_kind_check
  check (kind in ('step', 'transition', 'approval', 'delivery', 'control', 'wait')) not valid;

alter table workflow_signal
  -- What a sender has sent along: sealed, for it may be personal, until the run takes it up and tokenises it.
  add column payload_sealed bytea,
  -- Keyed hash of the sender's own id: the same id twice is one signal.
  add column sender_key bytea;
create unique index workflow_signal_sender_key on workflow_signal (run_id, sender_key) where sender_key is not null;
