import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseService } from '../database/database.service.js';

/** Sets how the queue's tables are vacuumed: the queue makes them at its first start, without a word on that. */
@Injectable()
export class QueueTables implements OnApplicationBootstrap {
  constructor(private readonly database: DatabaseService) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.database.withSystem((trx) => sql`select tune_queue_tables()`.execute(trx));
  }
}
