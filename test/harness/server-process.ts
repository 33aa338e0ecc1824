import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const ENTRY = resolve('dist/main.js');
const START_TIMEOUT_MS = 60_000;

/** The built product in a process of its own: it can be killed. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
    private readonly lines: string[],
  ) {}

  /** Starts `dist/main.js` (built by the launcher before the tests) and waits until it listens. */
  static async start(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const child = spawn(process.execPath, [ENTRY], {
      env: {
        PATH: process.env['PATH'] ?? '',
        PORT: '0',
        COUNTERSIGN_LOG_LEVEL: 'info',
        COUNTERSIGN__LOGGING__PRETTY: 'false',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    const address = await new Promise<string>((listening, failed) => {
      const timer = setTimeout(() => failed(new Error(`no server:\n${lines.join('')}`)), START_TIMEOUT_MS);
      const read = (chunk: Buffer) => {
        lines.push(chunk.toString('utf8'));
        const found = /"event":"server\.listening","address":"([^"]+)"/.exec(lines.join(''));
        if (!found?.[1]) return;
        clearTimeout(timer);
        listening(found[1]);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => failed(new Error(`the server ended with ${code}:\n${lines.join('')}`)));
    });
    return new ServerProcess(child, address, lines);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Everything it has written so far. */
  output(): string {
    return this.lines.join('');
  }

  /** Ends it and waits until it is gone and has been heard out; the exit code, or null after a deadly signal. */
  async end(signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): Promise<number | null> {
    if (this.isRunning) {
      const gone = once(this.child, 'close');
      this.child.kill(signal);
      await gone;
    }
    return this.child.exitCode;
  }
}
