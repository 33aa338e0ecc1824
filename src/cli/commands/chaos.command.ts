import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_FAULT, EXIT_OK, UsageError } from '../cli-error.js';
import { reportLines } from '../chaos/chaos-report.js';
import { runChaos } from '../chaos/run-chaos.js';
import { type Command, parseOptions } from '../command.js';
import { readJson, readRecipients } from '../input-files.js';

const ENTRY = fileURLToPath(new URL('../../main.js', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../../../examples/email-campaign', import.meta.url));
const RECIPIENTS = 5;

const OPTIONS = {
  minutes: { type: 'string', default: '2' },
  seed: { type: 'string' },
  runs: { type: 'string', default: '100000' },
  workers: { type: 'string', default: '2' },
  definition: { type: 'string', default: 'email-campaign' },
  input: { type: 'string' },
  'database-url': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** Kills and freezes the product while it works, and checks that nothing was lost or done twice. */
export const chaos: Command = {
  name: 'chaos',
  summary: 'Kill processes and Postgres while runs go on; check that nothing is lost or done twice',
  usage: [
    '[options]',
    '--minutes <n>          how long to injure (2); the runs then still end',
    '--seed <n>             repeats the injuries of an earlier trial; the report tells its seed',
    '--runs <n>             most runs to start (as many as there is time for)',
    '--workers <n>          worker processes, 1 to 16 (2)',
    '--definition <name>    workflow to run (email-campaign); its deliveries must go to the outbox',
    '--input <file.json>    input of every run (the example campaign, with five recipients)',
    '--database-url <url>   a database to throw away; it must hold no runs, and is not killed itself',
    '--json                 print the report as JSON',
    '',
    'Brings a Postgres of its own. Progress goes to the error output.',
    'Exit code 0 when all is well, 1 when anything was lost, doubled or does not verify.',
  ],
  async run(args, { terminal, defaults, signal }) {
    const { values } = parseOptions(args, OPTIONS);
    const report = await runChaos({
      entry: ENTRY,
      environment: defaults.foreignEnvironment,
      durationMs: numberOf(values.minutes, '--minutes', 0.05, 1_440) * 60_000,
      seed: values.seed === undefined ? randomInt(1_000_000) : wholeOf(values.seed, '--seed', 0, 2 ** 31),
      runs: wholeOf(values.runs, '--runs', 1, 1_000_000),
      workers: wholeOf(values.workers, '--workers', 1, 16),
      definition: values.definition,
      input: values.input === undefined ? await exampleInput() : await readJson(values.input),
      databaseUrl: values['database-url'],
      signal,
      say: (line) => terminal.complain(line),
    });
    if (values.json) terminal.print(JSON.stringify(report, undefined, 2));
    else for (const line of reportLines(report)) terminal.print(line);
    return report.clean ? EXIT_OK : EXIT_FAULT;
  },
};

async function exampleInput(): Promise<unknown> {
  const [brief, sender, recipients] = await Promise.all([
    readJson(join(EXAMPLE, 'brief.json')),
    readJson(join(EXAMPLE, 'sender.json')),
    readRecipients(join(EXAMPLE, 'recipients.csv')),
  ]);
  return { brief, sender, recipients: recipients.slice(0, RECIPIENTS) };
}

function wholeOf(text: string, option: string, least: number, most: number): number {
  const value = numberOf(text, option, least, most);
  if (!Number.isInteger(value)) throw new UsageError(`${option} must be a whole number`);
  return value;
}

function numberOf(text: string, option: string, least: number, most: number): number {
  const value = Number(text);
  if (!(text.trim() !== '' && value >= least && value <= most)) {
    throw new UsageError(`${option} must be a number from ${least} to ${most}`);
  }
  return value;
}
