#!/usr/bin/env node
import { cliDefaults } from '../config/cli-defaults.js';
import { runCli } from './run-cli.js';
import { Terminal } from './terminal.js';

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interruption.abort());
}
// A reader that went away (`| head`) is no fault of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: new Terminal(),
  defaults: cliDefaults(),
  signal: interruption.signal,
});
