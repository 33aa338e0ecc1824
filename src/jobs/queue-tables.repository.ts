import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../database/trx.js';

/** The queue's own tables, which the queue makes. */
@Injectable()
export class QueueTablesRepository {
  /** Sets how they are vacuumed; does nothing where that is set. For transactions of `withSystem`. */
  async tune(trx: Trx): Promise<void> {
    await sql`select tune_queue_tables()`.execute(trx);
  }
}
