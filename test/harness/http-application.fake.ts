import {
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  Global,
  Module,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { tmpdir } from 'node:os';
import type { AppConfig } from '../../src/config/app-config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { HealthModule } from '../../src/health/health.module.js';
import { CLOCK, type Clock, systemClock } from '../../src/kernel/clock.js';
import { ObservabilityModule } from '../../src/observability/observability.module.js';
import { RedisModule } from '../../src/redis/redis.module.js';
import { createHttpApplication } from '../../src/http/bootstrap.js';
import { HttpModule } from '../../src/http/http.module.js';
import type { HttpRequest } from '../../src/http/http-request.js';

export interface TestApplicationOptions {
  readonly controllers?: Type[];
  readonly providers?: NonNullable<DynamicModule['providers']>;
  readonly database?: DatabaseService;
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
}

/** The platform as it really is, with a test's own routes on it and every line it logs. */
export interface TestApplication {
  readonly app: NestFastifyApplication;
  readonly config: AppConfig;
  /** Lines logged so far, parsed. */
  logged(): Record<string, unknown>[];
  /** The same as one text. */
  logText(): string;
}

/** Starts it without listening: use `app.inject`, or listen on port 0. */
export async function startTestApplication(options: TestApplicationOptions = {}): Promise<TestApplication> {
  const config = loadConfig({
    COUNTERSIGN_ENV: 'test',
    COUNTERSIGN_DATA_DIR: tmpdir(),
    COUNTERSIGN_API_KEY: 'cs_test_0123456789abcdef',
    COUNTERSIGN__VAULT__KEK: Buffer.alloc(32, 7).toString('base64'),
    COUNTERSIGN_LOG_LEVEL: 'debug',
    ...options.env,
  });
  const lines: string[] = [];
  const app = await createHttpApplication(moduleOf(config, options, lines), config);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return {
    app,
    config,
    logText: () => lines.join(''),
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

@Global()
@Module({})
class TestModule {}

function moduleOf(config: AppConfig, options: TestApplicationOptions, lines: string[]): DynamicModule {
  return {
    module: TestModule,
    imports: [
      ConfigModule.forRoot(config),
      ObservabilityModule.forRoot({ write: (line: string) => void lines.push(line) }),
      HealthModule,
      RedisModule,
      HttpModule,
    ],
    controllers: options.controllers ?? [],
    providers: [
      ...(options.providers ?? []),
      { provide: CLOCK, useValue: options.clock ?? systemClock },
      { provide: DatabaseService, useValue: options.database ? lent(options.database) : answeringDatabase },
      { provide: APP_GUARD, useClass: TrustingGuard },
    ],
    exports: [CLOCK, DatabaseService],
  };
}

/** Without the shutdown hook: the database belongs to the test and outlives the application. */
function lent(database: DatabaseService): Pick<DatabaseService, 'ping' | 'withTenant' | 'withSystem'> {
  return {
    ping: () => database.ping(),
    withTenant: (tenantId, work) => database.withTenant(tenantId, work),
    withSystem: (work) => database.withSystem(work),
  };
}

/** Answers pings and nothing else: a test that needs rows brings a real database. */
const answeringDatabase = {
  ping: async () => undefined,
  withTenant: () => Promise.reject(new Error('this test has no database')),
  withSystem: () => Promise.reject(new Error('this test has no database')),
};

/** Believes who the request says it is: `x-test-principal: <id>@<tenant id>`. */
class TrustingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const [id, tenantId] = String(request.headers['x-test-principal'] ?? '').split('@');
    if (id && tenantId) request.principal = { id, tenantId };
    return true;
  }
}
