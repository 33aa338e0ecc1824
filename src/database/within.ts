import { CompiledQuery } from 'kysely';
import type { Execute, Statement } from './statement.js';
import type { Trx } from './trx.js';

/** Sends statements inside a transaction. */
export function within(trx: Trx): Execute {
  return async <Row extends object>({ text, values }: Statement) => {
    const { rows } = await trx.executeQuery<Row>(CompiledQuery.raw(text, [...values]));
    return rows;
  };
}
