-- What the nightly check of each trail has found, and who is at it.

alter table audit_self_check
  -- Null until a first check is through.
  alter column checked_at drop not null,
  alter column epoch set default 1,
  -- The leaves that checks have found in order, so that the next one goes on behind them.
  alter column size set default 0,
  -- Since when a process is at it; null when none is.
  add column started_at timestamptz,
  -- When all leaves were last read, and not only those since the check before.
  add column whole_at timestamptz,
  add column events bigint not null default 0,
  -- Reasons and places of what was found; nobody's data.
  add column faults jsonb not null default '[]';

-- The event by which the log of the instance says where this one stood, so that it can be proven.
alter table audit_head add column recorded_event_id uuid;
