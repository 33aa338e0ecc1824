import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from './cli-error.js';

export interface ServerProcessOptions {
  /** The program to run with this same Node. */
  readonly entry: string;
  readonly environment: Readonly<Record<string, string>>;
  /** How long it may take until it listens. */
  readonly startTimeoutMs: number;
  /** How long it may take to stop before it is killed. */
  readonly stopTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** A server in a child process: started, awaited, and gone when its work is done. */
export class ServerProcess {
  /** Where it listens. */
  address = '';

  /** Settles when it is gone, whoever ended it. */
  readonly gone: Promise<void>;

  private readonly lines: string[] = [];

  private readonly listeners: ((line: string) => void)[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly stopTimeoutMs: number,
  ) {
    // Whatever ends this process must not leave the server behind.
    process.once('exit', this.terminate);
    this.gone = new Promise((resolve) => {
      const end = () => {
        process.off('exit', this.terminate);
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
  }

  /** Starts the server and waits for the log line that tells its address. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const child = spawn(process.execPath, [options.entry], {
      env: { ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new ServerProcess(child, options.stopTimeoutMs);
    try {
      await server.listening(options);
      return server;
    } catch (error) {
      await server.stop();
      throw new ServerFault(error as Error, server.lastLines());
    }
  }

  /** The newest lines of its log, for a report of what went wrong. */
  lastLines(count = 20): readonly string[] {
    return this.lines.slice(-count);
  }

  /** Sends it a signal that it cannot refuse. */
  injure(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Hears every line it writes from now on. */
  onLine(listener: (line: string) => void): void {
    this.listeners.push(listener);
  }

  /** Asks it to stop and waits until it is gone. Tells whether it stopped cleanly by itself. */
  async stop(): Promise<boolean> {
    process.off('exit', this.terminate);
    if (this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const late = new AbortController();
      const killed = delay(this.stopTimeoutMs, undefined, { signal: late.signal }).then(
        () => this.child.kill('SIGKILL'),
        () => undefined,
      );
      await gone;
      late.abort();
      await killed;
    }
    return this.child.exitCode === 0;
  }

  private async listening({ startTimeoutMs, signal }: ServerProcessOptions): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMs)]);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const give = () => reject(new CliError(`The server did not listen within ${startTimeoutMs / 1_000} s`));
    limit.addEventListener('abort', give, { once: true });
    this.child.once('error', reject);
    this.child.once('exit', (code, name) =>
      reject(new CliError(`The server ended at once (${code ?? name})`)),
    );
    this.read(this.child.stdout, resolve);
    this.read(this.child.stderr, resolve);
    try {
      if (limit.aborted) give();
      this.address = await promise;
    } finally {
      limit.removeEventListener('abort', give);
    }
  }

  private read(stream: Readable | null, listens: (address: string) => void): void {
    if (!stream) return;
    createInterface({ input: stream }).on('line', (line) => {
      this.lines.push(line);
      if (this.lines.length > 200) this.lines.shift();
      for (const listener of this.listeners) listener(line);
      const address = addressIn(line);
      if (address !== undefined) listens(address);
    });
  }

  private readonly terminate = (): void => {
    this.child.kill('SIGTERM');
  };
}

/** The server could not be used; carries what its log said last. */
export class ServerFault extends CliError {
  override readonly name = 'ServerFault';

  constructor(
    cause: Error,
    readonly log: readonly string[],
  ) {
    super(cause.message, { cause });
  }
}

function addressIn(line: string): string | undefined {
  if (!line.includes('server.listening')) return undefined;
  try {
    const { event, address, msg } = JSON.parse(line) as Record<'event' | 'address' | 'msg', unknown>;
    if (event !== 'server.listening') return undefined;
    // A log that takes every `address` for a postal one masks the field; the message tells it too.
    return /\bhttps?:\/\/[^\s"]+/.exec(`${String(address)} ${String(msg)}`)?.[0];
  } catch {
    return undefined;
  }
}
