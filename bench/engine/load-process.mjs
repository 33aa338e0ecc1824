import { fork } from 'node:child_process';
import { join } from 'node:path';

/** The load generator in a process of its own, and the questions it is asked. */
export class LoadProcess {
  /** @param signal ends the process, and with it whatever it is asked at the time. */
  constructor(signal) {
    this.child = fork(join(import.meta.dirname, 'load-generator.mjs'));
    this.pending = new Map();
    this.asked = 0;
    this.ended = new Promise((settle) => this.child.once('exit', settle).once('error', settle));
    this.child.on('message', (answer) => this.answered(answer));
    this.child.once('exit', () => this.lost(new Error('the load generator ended')));
    this.child.once('error', (error) => this.lost(error));
    signal.addEventListener('abort', () => this.leave(), { once: true });
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

  /** Ends the process; it takes the system with it. */
  async stop() {
    this.leave();
    await this.ended;
  }

  answered({ id, result, error }) {
    const { resolve, reject } = this.pending.get(id);
    this.pending.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  }

  lost(error) {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  leave() {
    if (this.child.connected) this.child.disconnect();
  }
}
