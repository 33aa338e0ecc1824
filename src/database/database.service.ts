import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import type pg from 'pg';
import type { AppConfig } from '../config/app-config.js';
import { AppError } from '../kernel/app-error.js';
import { EmbeddedPostgres } from './embedded/embedded-postgres.js';
import { migrateToLatest } from './migrate.js';
import { openPostgres } from './postgres.js';
import type { Execute, Statement } from './statement.js';
import type { Tables } from './tables.js';
import type { Trx } from './trx.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Nest injection token of the opened {@link DatabaseConnection}. */
export const DATABASE_CONNECTION = Symbol('DATABASE_CONNECTION');

/** What stands before any provider that uses the database is made. */
export interface DatabaseConnection {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Connections that act as the engine: single statements over runs of any tenant. */
  readonly enginePool: pg.Pool;
  readonly db: Kysely<Tables>;
  readonly embedded: EmbeddedPostgres | undefined;
}

/** Opens (or starts) the database and brings its schema up to date. */
export async function connectDatabase(
  config: AppConfig['database'],
  dataDir: string,
): Promise<DatabaseConnection> {
  const logger = new Logger('Database');
  const embedded = config.url ? undefined : await EmbeddedPostgres.start(dataDir);
  const url = config.url ?? (embedded as EmbeddedPostgres).url;
  const { pool, enginePool, db } = openPostgres({
    ...config,
    url,
    onPoolError: (error) => logger.warn({ event: 'database.connection_lost', reason: error.message }),
  });
  try {
    await migrateToLatest(db);
  } catch (error) {
    await db.destroy();
    await enginePool.end();
    await embedded?.stop();
    throw new AppError('DATABASE_UNAVAILABLE', {
      detail: `The database cannot be prepared: ${(error as Error).message}`,
      cause: error,
    });
  }
  return { url, pool, enginePool, db, embedded };
}

/**
 * The one way to the database. Every transaction names whose data it may touch: row-level security then
 * holds for every statement in it, whatever the connecting user may do otherwise.
 */
@Injectable()
export class DatabaseService implements OnApplicationShutdown {
  constructor(@Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection) {}

  /** Where the database is; for rooms that open connections of their own (the queue). Holds the password. */
  get url(): string {
    return this.connection.url;
  }

  /** Connections open, idle and waited for. */
  get poolState(): { total: number; idle: number; waiting: number; max: number } {
    const { totalCount, idleCount, waitingCount, options } = this.connection.pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount, max: options.max ?? 0 };
  }

  /**
   * Runs work in one transaction that sees and writes rows of one tenant only.
   *
   * @param options.snapshot every statement sees the same instant, and nothing may be written.
   * @throws whatever the work throws, after a rollback.
   */
  withTenant<T>(
    tenantId: string,
    work: (trx: Trx) => Promise<T>,
    options: { readonly snapshot?: boolean } = {},
  ): Promise<T> {
    const isolation = options.snapshot ? 'set transaction isolation level repeatable read, read only; ' : '';
    return this.transact(`${isolation}${actAs('countersign_app', tenantId)}`, work);
  }

  /**
   * Runs work in one transaction that may remove what belongs to ended runs of one tenant: the only way to do so.
   * Each statement sees what had been committed when it began.
   */
  withRetention<T>(tenantId: string, work: (trx: Trx) => Promise<T>): Promise<T> {
    const isolation = 'set transaction isolation level read committed; ';
    return this.transact(`${isolation}${actAs('countersign_retention', tenantId)}`, work);
  }

  /** Runs work in one transaction over all tenants, for look-ups before a tenant is known and for upkeep. */
  withSystem<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.transact('set local role countersign_system', work);
  }

  /** Runs work in one transaction that may move the audit log of any tenant on: nothing else may. */
  withSequencer<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.transact('set local role countersign_sequencer', work);
  }

  /** Sends one prepared statement as the engine, in a transaction of its own: it is committed when this resolves. */
  readonly asEngine: Execute = async <Row extends object>({ name, text, values }: Statement) => {
    const { rows } = await this.connection.enginePool.query<Row>({ name, text, values: [...values] });
    return rows;
  };

  /** Whether the database answers. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.connection.db);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.db.destroy();
    await this.connection.enginePool.end();
    await this.connection.embedded?.stop();
  }

  private async transact<T>(preamble: string, work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.connection.db.connection().execute(async (trx) => {
      // One round trip: the simple protocol takes the three statements together.
      await sql.raw(`begin; ${preamble}`).execute(trx);
      let result: T;
      try {
        result = await work(trx);
      } catch (error) {
        await sql`rollback`.execute(trx).catch(() => undefined);
        throw error;
      }
      await sql`commit`.execute(trx);
      return result;
    });
  }
}

function actAs(role: 'countersign_app' | 'countersign_retention', tenantId: string): string {
  // The id stands in the text of a statement: nothing but a UUID may get there.
  if (!UUID.test(tenantId)) throw new TypeError('a tenant id is a lower-case UUID');
  return `set local role ${role}; set local app.tenant_id = '${tenantId}'`;
}
