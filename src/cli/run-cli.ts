import { readFileSync } from 'node:fs';
import { CliError, EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, UsageError } from './cli-error.js';
import type { Command, CommandContext } from './command.js';
import { COMMANDS } from './command-table.js';

/** Finds the command the arguments name, runs it and turns its faults into readable lines and an exit code. */
export async function runCli(args: readonly string[], context: CommandContext): Promise<number> {
  const { terminal, signal } = context;
  if (args.includes('--version') || args[0] === 'version') {
    terminal.print(productVersion());
    return EXIT_OK;
  }
  const command = COMMANDS.find(({ name }) => name === args.slice(0, wordsOf(name)).join(' '));
  if (args.includes('--help') || args.includes('-h') || args[0] === 'help' || args.length === 0) {
    const named = command ?? COMMANDS.find(({ name }) => name === args.slice(1).join(' '));
    terminal.print(named ? usageOf(named) : overview());
    return EXIT_OK;
  }
  if (!command) {
    terminal.complain(`There is no command "${args.slice(0, 2).join(' ')}". "countersign help" lists them.`);
    return EXIT_USAGE;
  }
  try {
    return await command.run(args.slice(wordsOf(command.name)), context);
  } catch (error) {
    if (signal.aborted) return EXIT_INTERRUPTED;
    if (error instanceof UsageError) {
      terminal.complain(`${error.message}\n\n${usageOf(command)}`);
      return EXIT_USAGE;
    }
    terminal.complain(error instanceof CliError ? error.message : String((error as Error).stack ?? error));
    return EXIT_FAULT;
  }
}

function wordsOf(name: string): number {
  return name.split(' ').length;
}

function usageOf({ name, summary, usage }: Command): string {
  const [synopsis = '', ...options] = usage;
  return [
    `countersign ${name}${synopsis && ` ${synopsis}`}`,
    '',
    summary,
    ...(options.length > 0 ? ['', ...options.map((line) => `  ${line}`)] : []),
  ].join('\n');
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'Usage: countersign <command> [options]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    '  help <command>  tells the options of one command; --version the version',
  ].join('\n');
}

function productVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
