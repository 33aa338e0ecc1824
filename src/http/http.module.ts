import { Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { HttpDrain } from './http-drain.service.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { IdempotencyService } from './idempotency.service.js';
import { IdempotencyUpkeep } from './idempotency-upkeep.service.js';
import { ProblemFilter } from './problem.filter.js';
import { RootController } from './root.controller.js';
import { dtoValidationPipe, schemaValidationPipe } from './validation.pipe.js';

/** What every route has: problem documents, validation, idempotency keys, a shutdown that waits. */
@Module({
  controllers: [RootController],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useFactory: dtoValidationPipe },
    { provide: APP_PIPE, useFactory: schemaValidationPipe },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    IdempotencyRepository,
    IdempotencyService,
    IdempotencyUpkeep,
    HttpDrain,
  ],
  exports: [IdempotencyService],
})
export class HttpModule {}
