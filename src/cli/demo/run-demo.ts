import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../api-client.js';
import { CliError, EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK } from '../cli-error.js';
import type { CommandContext } from '../command.js';
import { connect } from '../connection.js';
import { duration } from '../layout.js';
import { CampaignStory } from './campaign-story.js';
import { ServerFault, ServerProcess } from '../server-process.js';

export interface DemoOptions {
  /** The server program. */
  readonly entry: string;
  /** Where the demo's server keeps everything. */
  readonly dataDir: string;
  /** Folder with brief.json, sender.json and recipients.csv. */
  readonly example: string;
}

const DEFAULTS: DemoOptions = {
  entry: fileURLToPath(new URL('../../main.js', import.meta.url)),
  dataDir: resolve('.countersign', 'demo'),
  example: fileURLToPath(new URL('../../../examples/email-campaign', import.meta.url)),
};

/** Runs the whole product once on a server of its own, and leaves nothing running behind. */
export async function runDemo(context: CommandContext, options: DemoOptions = DEFAULTS): Promise<number> {
  const { terminal, signal } = context;
  const began = performance.now();
  let server: ServerProcess | undefined;
  let exitCode: number;
  try {
    terminal.print(terminal.style('bold', 'Countersign: one campaign, from brief to proof'));
    terminal.print();
    terminal.print(
      'Starting a server of its own: embedded Postgres, simulated model, nothing leaves this machine.',
    );
    server = await start(context, options);
    terminal.print(`It listens at ${server.address} after ${duration(performance.now() - began)}.`);
    const client = connect({ server: server.address, 'key-file': keyFileOf(options) }, context.defaults);
    const story = new CampaignStory(client, (key) => new ApiClient(client.server, key), terminal, signal);
    const runId = await story.tell(options);
    showWhatNext(context, options, runId);
    exitCode = EXIT_OK;
  } catch (error) {
    exitCode = signal.aborted ? EXIT_INTERRUPTED : EXIT_FAULT;
    complain(context, error as Error, server);
  }
  const clean = (await server?.stop()) ?? true;
  if (!clean && exitCode === EXIT_OK) {
    terminal.complain('The server did not stop cleanly. Its last lines:');
    for (const line of server?.lastLines() ?? []) terminal.complain(`  ${line}`);
    return EXIT_FAULT;
  }
  if (server && clean)
    terminal.print(`The server has stopped. All of it took ${duration(performance.now() - began)}.`);
  return exitCode;
}

function start(
  { defaults, signal }: CommandContext,
  { entry, dataDir }: DemoOptions,
): Promise<ServerProcess> {
  return ServerProcess.start({
    entry,
    signal,
    startTimeoutMs: 60_000,
    stopTimeoutMs: 30_000,
    environment: {
      ...defaults.foreignEnvironment,
      HOST: '127.0.0.1',
      PORT: '0',
      COUNTERSIGN_ENV: 'development',
      COUNTERSIGN_DATA_DIR: dataDir,
      COUNTERSIGN_LOG_LEVEL: 'info',
      COUNTERSIGN__LOGGING__PRETTY: 'false',
      COUNTERSIGN__LLM__PROVIDER: 'simulation',
      // Off in development so that one person can try the flow; the demo has two and shows the rule.
      COUNTERSIGN__WORKFLOW__FOUR_EYES: 'true',
    },
  });
}

function keyFileOf({ dataDir }: DemoOptions): string {
  return join(dataDir, 'keys', 'admin.key');
}

function showWhatNext({ terminal }: CommandContext, options: DemoOptions, runId: string): void {
  const dataDir = relative('', options.dataDir) || '.';
  const outbox = join(dataDir, 'outbox', runId);
  terminal.print(terminal.style('bold', 'Where things are'));
  terminal.print(`  e-mails   ${outbox}/`);
  terminal.print(`  database  ${dataDir}/ (run, approvals and audit trail; personal data sealed)`);
  terminal.print();
  terminal.print(
    terminal.style('bold', 'Try next (the last one in a second terminal, while the server runs)'),
  );
  terminal.print(`  cat ${join(outbox, '0.eml')}`);
  terminal.print(`  COUNTERSIGN_DATA_DIR=${dataDir} npm start`);
  terminal.print(`  npm run countersign -- workflow show ${runId} \\`);
  terminal.print(`    --key-file ${join(dataDir, 'keys', 'admin.key')}`);
  terminal.print();
}

function complain(
  { terminal, signal }: CommandContext,
  error: Error,
  server: ServerProcess | undefined,
): void {
  if (signal.aborted) {
    terminal.complain('Interrupted.');
    return;
  }
  terminal.complain(
    `The demo failed: ${error instanceof CliError ? error.message : (error.stack ?? error.message)}`,
  );
  const log = error instanceof ServerFault ? error.log : (server?.lastLines() ?? []);
  if (log.length === 0) return;
  terminal.complain('The last lines of the server:');
  for (const line of log) terminal.complain(`  ${line}`);
}
