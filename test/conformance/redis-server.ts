import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { vi } from 'vitest';

/** A Redis of the test's own, or one it was lent. */
export interface TestRedis {
  readonly url: string;
  /** Stops a server of our own; data of a lent one stays under the prefix of the test. */
  stop(): Promise<void>;
  /** Present only where it is ours to start again. */
  restart?(): Promise<void>;
}

/** How this machine can come by a Redis: `REDIS_URL`, a `redis-server` on PATH, or not at all. */
export function redisAtHand(): 'lent' | 'own' | undefined {
  if (process.env['REDIS_URL']) return 'lent';
  return spawnSync('redis-server', ['--version']).status === 0 ? 'own' : undefined;
}

export async function startRedis(): Promise<TestRedis> {
  if (redisAtHand() === 'lent')
    return { url: process.env['REDIS_URL'] as string, stop: async () => undefined };
  const port = await freePort();
  let server = await launch(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => terminate(server),
    restart: async () => {
      server = await launch(port);
    },
  };
}

async function launch(port: number): Promise<ChildProcess> {
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: 'ignore',
    },
  );
  const probe = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  probe.on('error', () => undefined);
  await vi.waitFor(async () => probe.status === 'ready' || probe.connect(), { timeout: 10_000 });
  probe.disconnect();
  return server;
}

async function terminate(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
