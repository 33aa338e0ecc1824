import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DatabaseService } from '../database/database.service.js';
import { QueueTablesRepository } from './queue-tables.repository.js';

/** Sees to it that the queue's tables are vacuumed early: the queue makes them at its first start, with defaults. */
@Injectable()
export class QueueTables implements OnApplicationBootstrap {
  constructor(
    private readonly database: DatabaseService,
    private readonly tables: QueueTablesRepository,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.database.withSystem((trx) => this.tables.tune(trx));
  }
}
