import { Global, Module } from '@nestjs/common';
import { getConfigToken } from '@nestjs/config';
import type { AppConfig } from '../config/app-config.js';
import { connectDatabase, DATABASE_CONNECTION, DatabaseService } from './database.service.js';

/** Postgres: yours by DATABASE_URL, else the embedded one. */
@Global()
@Module({
  providers: [
    {
      provide: DATABASE_CONNECTION,
      inject: [getConfigToken('database'), getConfigToken('instance')],
      useFactory: (config: AppConfig['database'], instance: AppConfig['instance']) =>
        connectDatabase(config, instance.dataDir),
    },
    DatabaseService,
  ],
  exports: [DatabaseService],
})
export class DatabaseModule {}
