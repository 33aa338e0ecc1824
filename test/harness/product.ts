import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import type { Role } from '../../src/auth/principal.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createHttpApplication } from '../../src/http/bootstrap.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { HttpClient } from './http-client.js';

export const ADMIN_KEY = 'cs_test_an-admin-key-for-tests-only';
const TEST_KEK = Buffer.alloc(32, 7).toString('base64');

/** The whole product in this process, over a database of its own, reached by real HTTP. */
export interface Product {
  readonly app: NestFastifyApplication;
  readonly config: AppConfig;
  readonly database: TestDatabase;
  readonly dataDir: string;
  /** Speaks as the administrator unless another key is given. */
  readonly client: HttpClient;
  /** A key with these roles. */
  makeKey(...roles: Role[]): Promise<{ id: string; key: string }>;
  close(): Promise<void>;
}

/** @param env settings over the defaults of the test environment, by their environment names. */
export async function startProduct(env: Readonly<Record<string, string>> = {}): Promise<Product> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-product-'));
  await chmod(dataDir, 0o755);
  const config = loadConfig({ ...productEnv(database.url, dataDir), ...env });
  const app = await createHttpApplication(AppModule.forRoot(config), config);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const client = new HttpClient(await app.getUrl(), ADMIN_KEY);
  return {
    app,
    config,
    database,
    dataDir,
    client,
    makeKey: async (...roles) => {
      const { status, body, text } = await client.post('/v1/api-keys', { name: roles.join(' '), roles });
      if (status !== 201) throw new Error(text);
      return { id: body.id as string, key: body.key as string };
    },
    close: async () => {
      await app.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What every process of a test needs to be told. */
export function productEnv(databaseUrl: string, dataDir: string): Record<string, string> {
  return {
    COUNTERSIGN_ENV: 'test',
    COUNTERSIGN_DATA_DIR: dataDir,
    COUNTERSIGN_API_KEY: ADMIN_KEY,
    COUNTERSIGN__VAULT__KEK: TEST_KEK,
    DATABASE_URL: databaseUrl,
  };
}
