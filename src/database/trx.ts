import type { Kysely } from 'kysely';
import type { Tables } from './tables.js';

/** A transaction that `DatabaseService` opened: role and tenant are set. Use only it until the commit. */
export type Trx = Kysely<Tables>;
