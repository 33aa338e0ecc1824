import type { TestDatabase } from './database.js';

/** A way in which the trail cannot be written, and the way back. */
export interface Breakage {
  readonly breakIt: (database: TestDatabase) => Promise<void>;
  readonly mendIt: (database: TestDatabase) => Promise<void>;
}

/** Every way the trail is made to fail. */
export const BREAKAGES: Readonly<Record<string, Breakage>> = {
  'the right to insert is revoked': {
    breakIt: (database) => eachWriter(database, (role) => `revoke insert on audit_event from ${role}`),
    mendIt: (database) => eachWriter(database, (role) => `grant insert on audit_event to ${role}`),
  },
  'a trigger raises': triggered(`raise exception 'no record today'`),
  'the disk is full': triggered(
    `raise exception 'could not extend file: No space left on device' using errcode = '53100'`,
  ),
  'the connection is lost': triggered('perform pg_terminate_backend(pg_backend_pid())'),
};

/** A trigger that fails each insert of a record. It acts with the rights of the owner. */
function triggered(statement: string): Breakage {
  return {
    breakIt: async (database) => {
      await database.query(
        `create or replace function break_trail() returns trigger language plpgsql security definer as $$
         begin ${statement}; return new; end $$`,
      );
      await database.query(
        `create trigger break_trail before insert on audit_event for each row execute function break_trail()`,
      );
    },
    mendIt: async (database) => {
      await database.query('drop trigger break_trail on audit_event');
    },
  };
}

/** Who may insert is asked before it is taken from them. */
const writers = new WeakMap<TestDatabase, readonly string[]>();

async function eachWriter(database: TestDatabase, statement: (role: string) => string): Promise<void> {
  const roles = writers.get(database) ?? (await writersOf(database));
  writers.set(database, roles);
  for (const role of roles) await database.query(statement(role));
}

async function writersOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ grantee: string }>(
    `select distinct grantee from information_schema.role_table_grants
     where table_name = 'audit_event' and privilege_type = 'INSERT' and grantee <> current_user`,
  );
  return rows.map(({ grantee }) => grantee);
}
