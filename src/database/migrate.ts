import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Kysely, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import type { Tables } from './tables.js';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'migrations');

/**
 * Brings the schema up to date. Safe to call from several processes at once (Kysely's migrator holds an
 * advisory lock), and without effect when there is nothing to do.
 *
 * @throws the fault of the first migration that fails; its transaction is rolled back.
 */
export async function migrateToLatest(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: new SqlFiles(db) });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error as Error;
}

/** The migrations of this version, each with the SHA-256 of its text, by name. */
export async function migrationDigests(): Promise<(readonly [name: string, digest: string])[]> {
  const names = await migrationNames();
  const texts = await Promise.all(names.map((name) => readFile(join(FOLDER, `${name}.sql`))));
  return names.map((name, index) => [
    name,
    createHash('sha256')
      .update(texts[index] ?? '')
      .digest('hex'),
  ]);
}

async function migrationNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.replace(/\.sql$/, ''))
    .toSorted();
}

/** Forward-only migrations: the `.sql` files of a folder, by name. */
class SqlFiles implements MigrationProvider {
  constructor(private readonly db: Kysely<Tables>) {}

  async getMigrations(): Promise<Record<string, Migration>> {
    const entries = (await migrationNames()).map(async (name) => {
      const text = await readFile(join(FOLDER, `${name}.sql`), 'utf8');
      // Without parameters pg uses the simple protocol, which takes many statements at once.
      return [name, { up: async (db) => void (await sql.raw(text).execute(db)) }] satisfies [
        string,
        Migration,
      ];
    });
    return { ...(await this.newerMigrations()), ...Object.fromEntries(await Promise.all(entries)) };
  }

  /** What a later version has applied: this version must still run on that schema, as in a rollback. */
  private async newerMigrations(): Promise<Record<string, Migration>> {
    const { rows } = await sql<{
      known: boolean;
    }>`select to_regclass('kysely_migration') is not null as known`.execute(this.db);
    if (!rows[0]?.known) return {};
    const applied = await sql<{ name: string }>`select name from kysely_migration`.execute(this.db);
    return Object.fromEntries(applied.rows.map(({ name }) => [name, { up: async () => undefined }]));
  }
}
