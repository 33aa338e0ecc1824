-- What becomes of a message names the event that said it was about to leave. It may be found out by another process than
-- the one that sent it, or by a person, so the row remembers the id.
alter table delivery add column intent_id uuid;
