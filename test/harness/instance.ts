import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createHttpApplication } from '../../src/http/bootstrap.js';
import { HttpClient } from './http-client.js';
import { ADMIN_KEY, type Product, productEnv } from './product.js';

/** A further instance of a product: its own process in all but name, over the same database and data directory. */
export interface Instance {
  readonly app: NestFastifyApplication;
  readonly client: HttpClient;
  close(): Promise<void>;
}

/** @param env settings over the defaults of the test environment, by their environment names. */
export async function startInstance(
  product: Pick<Product, 'database' | 'dataDir'>,
  env: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  const config = loadConfig({ ...productEnv(product.database.url, product.dataDir), ...env });
  const app = await createHttpApplication(AppModule.forRoot(config), config);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, client: new HttpClient(await app.getUrl(), ADMIN_KEY), close: () => app.close() };
}
