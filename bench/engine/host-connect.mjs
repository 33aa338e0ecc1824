import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Mailbox } from './mailbox.mjs';
import { startRedis } from './redis.mjs';

/** Starts the process of a peer, with a Redis where it wants one, and drives it over a pipe. */
export async function connect({ adapter, databaseUrl, redis, folder, onWaiting, onDone, onFault }) {
  const server = redis ? await startRedis(folder, redis) : undefined;
  const options = { adapter, databaseUrl, redisPort: server?.port };
  const child = fork(join(import.meta.dirname, 'host.mjs'), [JSON.stringify(options)], {
    // What a peer does with its own packages is no news here.
    execArgv: ['--no-deprecation'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const mailbox = new Mailbox((message) => child.send(message));
  const ready = Promise.withResolvers();
  let answer;
  child.once('exit', (code) => ready.reject(new Error(`${adapter} ended (${code})`)));
  child.on('message', (message) => {
    for (const key of message.waiting ?? []) onWaiting(key);
    for (const key of message.done ?? []) onDone(key);
    if (message.ready) ready.resolve();
    if (message.answer) answer.resolve(message.answer);
    if (message.fault) onFault(new Error(message.fault));
  });
  await ready.promise;
  return {
    pids: [child.pid],
    storePid: server?.pid,
    start: async (key) => mailbox.put('start', key),
    approve: async (key) => mailbox.put('approve', key),
    // It tells by itself.
    observeEvery: () => undefined,
    completed() {
      answer = Promise.withResolvers();
      child.send({ ask: 'completed' });
      return answer.promise;
    },
    async stop() {
      const ended = once(child, 'exit');
      // All it has acknowledged is stored: nothing is lost by not asking it first.
      child.kill('SIGKILL');
      await ended;
      await server?.stop();
    },
  };
}
