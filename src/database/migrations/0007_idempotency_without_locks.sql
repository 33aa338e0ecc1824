-- A key is now written together with its answer, in the transaction that makes the answer true; nothing is locked before
-- the work. Versions before this one still lock, so the column stays until none of them can be running.
alter table idempotency_key alter column locked_until drop not null;
