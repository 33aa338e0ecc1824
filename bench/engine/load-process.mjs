import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The load generator in a process of its own, and the questions it is asked. */
export class LoadProcess {
  constructor() {
    this.child = fork(join(import.meta.dirname, 'load-generator.mjs'));
    this.pending = new Map();
    this.asked = 0;
    this.child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.pending.get(id);
      this.pending.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    this.child.once('exit', () => {
      for (const { reject } of this.pending.values()) reject(new Error('the load generator ended'));
      this.pending.clear();
    });
  }

  get pid() {
    return this.child.pid;
  }

  ask(command, options) {
    const id = ++this.asked;
    const { promise, resolve, reject } = Promise.withResolvers();
    this.pending.set(id, { resolve, reject });
    this.child.send({ id, command, options });
    return promise;
  }

  /** Stops the system, then the process. */
  async stop() {
    try {
      await this.ask('stop');
    } finally {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await ended;
    }
  }
}
