import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { CliDefaults } from '../config/cli-defaults.js';
import { UsageError } from './cli-error.js';
import type { Terminal } from './terminal.js';

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly defaults: CliDefaults;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** One command of the command line; adding one is a file under `commands/` and a line in `command-table.ts`. */
export interface Command {
  /** The words that call it. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Everything after the name, one line per option. */
  readonly usage: readonly string[];
  /** Does the work and tells the exit code. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** Splits arguments by the options given; anything unknown is a {@link UsageError}. */
export function parseOptions<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  positionals = 0,
) {
  const parsed = (() => {
    try {
      return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  })();
  if (parsed.positionals.length > positionals) {
    throw new UsageError(`There is one argument too many: ${parsed.positionals[positionals]}`);
  }
  return parsed;
}

/** The one argument a command cannot do without. */
export function required(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new UsageError(`${what} is missing`);
  return value;
}
