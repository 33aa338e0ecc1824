import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { AppModule } from './app.module.js';
import type { AppConfig } from './config/app-config.js';
import { ConfigError, EXIT_CONFIG } from './config/config-error.js';
import { loadConfig } from './config/load-config.js';
import { createHttpApplication } from './http/bootstrap.js';
import { AppError } from './kernel/app-error.js';
import { logProcessFaults } from './observability/process-faults.js';

const EXIT_FAULT = 1;

await start().catch(giveUp);

async function start(): Promise<void> {
  const config = loadConfig();
  const app = await createHttpApplication(AppModule.forRoot(config), config);
  logProcessFaults();
  try {
    await app.listen({ port: config.server.port, host: config.server.host });
  } catch (error) {
    // Its port may be taken: what has started by now, such as the embedded Postgres, must not stay behind.
    await app.close();
    throw error;
  }
  announce(config, await app.getUrl());
}

function announce(config: AppConfig, address: string): void {
  new Logger('Server').log(
    {
      event: 'server.listening',
      address,
      environment: config.instance.environment,
      version: config.instance.version,
      role: config.server.role,
      database: config.database.tier,
      redis: config.redis.url ? 'server' : 'in process',
      models: config.llm.provider,
    },
    `Countersign listens at ${address}`,
  );
}

/** Says what went wrong where an operator looks, without a stack where it would say nothing more. */
function giveUp(error: unknown): never {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
  process.stderr.write(`Countersign could not start: ${reasonOf(error)}\n`);
  process.exit(EXIT_FAULT);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // What the operating system refuses (a port that is taken) is no fault of ours to be found by a stack.
  const isForeseen = error instanceof AppError || 'syscall' in error;
  return isForeseen ? error.message : (error.stack ?? error.message);
}
