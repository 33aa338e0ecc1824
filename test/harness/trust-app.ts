import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module, type ModuleMetadata, type Type, VersioningType } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AuthModule } from '../../src/auth/auth.module.js';
import type { Role } from '../../src/auth/principal.js';
import { AuditModule } from '../../src/compliance/audit/audit.module.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { HttpModule } from '../../src/http/http.module.js';
import { FakeClock } from './clock.fake.js';
import { CLOCK } from '../../src/kernel/clock.js';
import { MetricsModule } from '../../src/observability/metrics.module.js';
import { createTestDatabase, type TestDatabase } from './database.js';

export const ADMIN_KEY = 'cs_test_an-admin-key-for-tests-only';

/** What a test request asks for; the key is sent as a bearer token. */
export interface TestRequest {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | number | undefined>;
  /** Parsed JSON; tests know what they asked for. */
  readonly body: Record<string, unknown> & { code?: string };
  readonly text: string;
}

/** An application of the trust rooms over a real database, a standing clock and no network. */
export interface TrustApp {
  readonly app: NestFastifyApplication;
  readonly clock: FakeClock;
  readonly config: AppConfig;
  readonly database: TestDatabase;
  request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, options?: TestRequest): Promise<TestAnswer>;
  /** A key with these roles in the tenant of the administrator. */
  makeKey(...roles: Role[]): Promise<{ id: string; key: string }>;
  /** An administrator's key in another tenant, put there past the API: no API crosses tenants. */
  makeForeignAdminKey(tenantId: string): Promise<string>;
  /** Audit leaves of a type, oldest first. */
  auditOf(type: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function createTrustApp(parts: {
  imports?: ModuleMetadata['imports'];
  controllers?: Type[];
  env?: Record<string, string>;
}): Promise<TrustApp> {
  const config = loadConfig({
    COUNTERSIGN_ENV: 'test',
    COUNTERSIGN_DATA_DIR: join(tmpdir(), 'countersign-never-written'),
    COUNTERSIGN_API_KEY: ADMIN_KEY,
    COUNTERSIGN__VAULT__KEK: randomBytes(32).toString('base64'),
    ...parts.env,
  });
  const database = await createTestDatabase();
  const clock = new FakeClock();

  @Global()
  @Module({
    providers: [
      { provide: DatabaseService, useValue: database.database },
      { provide: CLOCK, useValue: clock },
    ],
    exports: [DatabaseService, CLOCK],
  })
  class FoundationModule {}

  const module = await Test.createTestingModule({
    imports: [
      ConfigModule.forRoot(config),
      FoundationModule,
      MetricsModule,
      HttpModule,
      AuditModule,
      AuthModule,
      ...(parts.imports ?? []),
    ],
    controllers: parts.controllers ?? [],
  }).compile();
  module.useLogger(false);
  const app = module.createNestApplication<NestFastifyApplication>(
    new FastifyAdapter({ bodyLimit: config.server.bodyLimitBytes }),
  );
  app.enableVersioning({ type: VersioningType.URI });
  await app.init();

  const request: TrustApp['request'] = async (method, url, { key, body, headers } = {}) => {
    const answer = await app.inject({
      method,
      url,
      headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
      ...(body !== undefined && { payload: body as object }),
    });
    const isJson = String(answer.headers['content-type']).includes('json');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: isJson ? answer.json() : {},
      text: answer.payload,
    };
  };

  const makeKey: TrustApp['makeKey'] = async (...roles) => {
    const { body } = await request('POST', '/v1/api-keys', {
      key: ADMIN_KEY,
      body: { name: 'test key', roles },
    });
    return { id: String(body['id']), key: String(body['key']) };
  };

  return {
    app,
    clock,
    config,
    database,
    request,
    makeKey,
    makeForeignAdminKey: async (tenantId) => {
      const { id, key } = await makeKey('admin');
      await database.force('update api_key set tenant_id = $1 where id = $2', [tenantId, id]);
      return key;
    },
    auditOf: async (type) => {
      const rows = await database.query<{ leaf: Buffer }>(
        'select leaf from audit_event where type = $1 order by id',
        [type],
      );
      return rows.map((row) => JSON.parse(row.leaf.toString('utf8')) as Record<string, unknown>);
    },
    close: async () => {
      await app.close();
      await database.close();
    },
  };
}
