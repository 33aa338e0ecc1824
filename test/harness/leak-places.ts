import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { TestDatabase } from './database.js';
import type { HttpClient, TestAnswer } from './http-client.js';

/** Places where nothing personal may be found, each as one text. */
export type Places = Readonly<Record<string, string>>;

/** What the API says of a run that has ended. */
export async function answersAbout(client: HttpClient, runId: string): Promise<Places> {
  const run = `/v1/workflows/${runId}`;
  const paths = [
    run,
    `${run}/history?limit=200`,
    `${run}/events`,
    `${run}/artifacts`,
    `${run}/approvals`,
    `${run}/deliveries`,
    `/v1/audit/events?limit=200&workflowId=${runId}`,
  ];
  return readAll(client, paths);
}

/** What the API says of everything else. */
export function answersAboutTheRest(client: HttpClient): Promise<Places> {
  return readAll(client, [
    '/v1/workflows',
    '/v1/approvals',
    '/v1/audit/events?limit=200',
    '/v1/api-keys',
    '/v1/agents',
    '/v1/webhooks',
    '/v1/circuit-breakers',
    '/v1/error-recovery/metrics',
    '/v1/workflow-definitions',
    '/v1/schedules',
    '/metrics',
    '/health/detailed',
  ]);
}

async function readAll(client: HttpClient, paths: readonly string[]): Promise<Places> {
  const places: Record<string, string> = {};
  for (const path of paths) {
    const answer = await client.get(path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`);
    places[`GET ${path.replace(/[0-9a-f-]{36}/g, ':id')}`] = textOf(answer);
  }
  return places;
}

/** An answer with its headers. */
export function textOf(answer: TestAnswer): string {
  return `${answer.status}\n${JSON.stringify([...answer.headers])}\n${answer.text}`;
}

/**
 * Every row of every table, the queue's included, as JSON; and every byte column once more as the text it would be
 * if it were not sealed.
 */
export async function databaseDump(database: TestDatabase): Promise<Places> {
  const tables = await database.query<{ schema: string; name: string; bytes: string[] }>(`
    select n.nspname as schema, c.relname as name, coalesce(array_agg(a.attname::text)
             filter (where a.atttypid = 'bytea'::regtype), '{}') as bytes
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname in ('public', 'pgboss') and c.relkind = 'r'
     group by 1, 2 order by 1, 2`);
  const places: Record<string, string> = {};
  for (const { schema, name, bytes } of tables) {
    const table = `"${schema}"."${name}"`;
    const rows = await database.query<{ row: string }>(`select row_to_json(t)::text as row from ${table} t`);
    const raw = await Promise.all(
      bytes.map((column) =>
        database.query<{ bytes: Buffer | null }>(`select "${column}" as bytes from ${table}`),
      ),
    );
    const texts = raw
      .flat()
      .flatMap((row) => (row.bytes ? [row.bytes.toString('utf8'), row.bytes.toString('latin1')] : []));
    places[`table ${schema}.${name}`] = [...rows.map(({ row }) => row), ...texts].join('\n');
  }
  return places;
}

/** Every file of the data directory outside the outbox, names included. */
export async function dataFiles(dataDir: string): Promise<string> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(dataDir, file).startsWith('outbox'));
  const texts = files.map(async (file) => `${file}\n${await readFile(file, 'latin1')}`);
  return (await Promise.all(texts)).join('\n');
}
