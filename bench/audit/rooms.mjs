import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../dist/app.module.js';
import { loadConfig } from '../../dist/config/load-config.js';

/** What every process of a measurement over one database is told. */
export function environmentOf({ folder, databaseUrl }) {
  return {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: databaseUrl,
    COUNTERSIGN_ENV: 'test',
    COUNTERSIGN_DATA_DIR: join(folder, 'data'),
    COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
    COUNTERSIGN__VAULT__KEK: randomBytes(32).toString('base64'),
    COUNTERSIGN_LOG_LEVEL: 'error',
    COUNTERSIGN__LOGGING__PRETTY: 'false',
    PORT: '0',
  };
}

/**
 * The product's rooms without its HTTP, as the build has them.
 *
 * @param role `api` seals nothing by itself, `worker` does.
 */
export async function openRooms(environment, role) {
  const config = loadConfig({ ...environment, COUNTERSIGN_ROLE: role });
  const context = await NestFactory.createApplicationContext(AppModule.forRoot(config), {
    logger: ['fatal'],
    abortOnError: false,
  });
  return {
    get: (room) => context.get(room, { strict: false }),
    close: () => context.close(),
  };
}

/** Processes that seal what others record. */
export async function startSequencers(environment, count) {
  const children = [];
  for (let index = 0; index < count; index++) {
    const child = fork(join(import.meta.dirname, 'sequencer.mjs'), {
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    const [word] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (word !== 'ready') throw new Error('a sequencer did not start');
  }
  return {
    async stop() {
      await Promise.all(
        children.map((child) => {
          const gone = once(child, 'exit');
          child.disconnect();
          return gone;
        }),
      );
    },
  };
}
