import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { AUDIT_EVENT_TYPES } from '../audit/audit-event-types.js';
import { EventClassesRepository } from './event-classes.repository.js';

/** Tells the database at each start in which class the records of each type are, since it is the database that decides. */
@Injectable()
export class EventClasses implements OnModuleInit {
  constructor(
    private readonly database: DatabaseService,
    private readonly classes: EventClassesRepository,
  ) {}

  async onModuleInit(): Promise<void> {
    const all = Object.entries(AUDIT_EVENT_TYPES).map(([type, kind]) => [type, kind.class] as const);
    await this.database.withSystem((trx) => this.classes.note(trx, all));
  }
}
