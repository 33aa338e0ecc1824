import { PassThrough } from 'node:stream';
import type { CommandContext } from '../../src/cli/command.js';
import { Terminal } from '../../src/cli/terminal.js';

/** A context that remembers what was written. */
export class FakeContext implements CommandContext {
  readonly interruption = new AbortController();

  readonly signal = this.interruption.signal;

  readonly defaults = {
    apiKey: 'cs_test_default',
    adminKeyFile: '/absent/admin.key',
    configDir: 'config',
    foreignEnvironment: {},
  };

  private readonly outStream = new PassThrough();

  private readonly errStream = new PassThrough();

  readonly terminal = new Terminal(this.outStream, this.errStream);

  private outText = '';

  private errText = '';

  /** What was printed so far. */
  get out(): string {
    return (this.outText += (this.outStream.read() as Buffer | null)?.toString() ?? '');
  }

  /** What was complained so far. */
  get err(): string {
    return (this.errText += (this.errStream.read() as Buffer | null)?.toString() ?? '');
  }
}
