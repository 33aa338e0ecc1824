import type { TestDatabase } from './database.js';

/** What the queue keeps for itself moves without anybody changing anything. */
const IGNORED = /^pgboss\.(?:queue|version|schedule|subscription|bam|warning|queue_stats)$/;

/** That a session was used moves its idle end, whatever becomes of the request. */
const USE_OF_SESSION = `- 'last_seen_at' - 'idle_expires_at'`;

/** Everything that stands in the tables, by table, without the trail: a digest of the rows of each. */
export async function dumpState(database: TestDatabase): Promise<Record<string, string>> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', 'pgboss') and c.relkind in ('r', 'p') and not c.relispartition
       and not (n.nspname = 'public' and c.relname ~ '^audit_' and c.relname <> 'audit_retention_policy') order by 1`,
  );
  const wanted = tables.filter(({ name }) => !IGNORED.test(name));
  const digests = wanted.map(
    ({ name }) =>
      `select '${name}' as name, md5(coalesce(string_agg(line::text, chr(10) order by line::text), '')) as digest
       from (select to_jsonb(t) ${name === 'public.session' ? USE_OF_SESSION : ''} as line from ${name} t) rows`,
  );
  // Of the trail only what an administrator decides: under which name a log goes on.
  digests.push(
    `select 'names of logs' as name, coalesce(string_agg(origin, ' ' order by origin), '') as digest from audit_head`,
  );
  const rows = await database.query<{ name: string; digest: string }>(digests.join(' union all '));
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}
