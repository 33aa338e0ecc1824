import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { PreparingClient } from './preparing-client.js';
import type { Tables } from './tables.js';

/** int8 as a number: versions, counts and token sums stay far below 2^53. */
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond 2^53`);
  return value;
});

export interface PostgresOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Called with faults of idle connections, which would otherwise end the process. */
  readonly onPoolError: (error: Error) => void;
}

/** Statements of the engine are few and large: one commits, one reads, one is for those that come between. */
const ENGINE_CONNECTIONS = 3;

/** As long as a lease at its shortest. Between two statements of a transaction we only compute. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/** The connection pools, and Kysely over the first. */
export function openPostgres(options: PostgresOptions): {
  pool: pg.Pool;
  enginePool: pg.Pool;
  db: Kysely<Tables>;
} {
  const settings = {
    connectionString: options.url,
    application_name: 'countersign',
    statement_timeout: options.statementTimeoutMs,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    // A process that is frozen inside a transaction would keep what it has locked from whoever takes its work over.
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  };
  const pool = new pg.Pool({ ...settings, max: options.poolSize, Client: PreparingClient });
  keepAliveWithoutConnection(pool, options.onPoolError);
  const enginePool = new pg.Pool({
    ...settings,
    application_name: 'countersign-engine',
    max: ENGINE_CONNECTIONS,
    onConnect: actAsEngine,
  });
  keepAliveWithoutConnection(enginePool, options.onPoolError);
  return { pool, enginePool, db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }) };
}

/**
 * Before the first statement of a connection, so that row-level security holds for all of them. The pool waits for
 * it, though its types do not say so. What the engine sends is known by heart and takes its rows as JSON, of which the
 * planner can tell nothing: planning each statement anew would cost a tenth of it and find the same plan.
 */
function actAsEngine(client: pg.ClientBase): void {
  return client.query(
    'set role countersign_engine; set plan_cache_mode = force_generic_plan',
  ) as unknown as undefined;
}

/**
 * The pool hears the faults of idle connections only. One that breaks while somebody has it, between two statements,
 * would end the process; whoever has it meets the fault at the next statement.
 */
function keepAliveWithoutConnection(pool: pg.Pool, onFault: (error: Error) => void): void {
  pool.on('error', onFault);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
}
