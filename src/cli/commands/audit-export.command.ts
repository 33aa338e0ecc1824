import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';
import { download } from '../download.js';

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  output: { type: 'string', short: 'o', default: 'audit-export.ndjson' },
  run: { type: 'string' },
  actor: { type: 'string' },
  type: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  'from-index': { type: 'string' },
  'to-index': { type: 'string' },
  'consistent-with': { type: 'string' },
} as const;

/** What the server calls each option. */
const PARAMETERS = {
  run: 'workflowId',
  actor: 'actor',
  type: 'type',
  from: 'from',
  to: 'to',
  'from-index': 'fromIndex',
  'to-index': 'toIndex',
  'consistent-with': 'consistentWith',
} as const;

/** Fetches an export of the audit log, to be verified offline. */
export const auditExport: Command = {
  name: 'audit export',
  summary: 'Write the audit log, or part of it, to a file that proves what it holds',
  usage: [
    '[options]',
    '-o, --output <file>    where it goes (audit-export.ndjson)',
    '--from-index <number>  first place in the log, inclusive',
    '--to-index <number>    last place, exclusive',
    '--run <id>             only events of this run; as with each of the next four, every event has its own proof',
    '--actor <ref>          only events of this actor',
    '--type <type>          only events of this type',
    '--from <instant>       only events from then on',
    '--to <instant>         only events before then',
    '--consistent-with <n>  shows that the log continues its checkpoint of this size',
    ...CONNECTION_USAGE,
  ],
  async run(args, { terminal, defaults, signal }) {
    const { values } = parseOptions(args, OPTIONS);
    const query = new URLSearchParams();
    for (const [option, parameter] of Object.entries(PARAMETERS)) {
      const value = values[option as keyof typeof PARAMETERS];
      if (value !== undefined) query.set(parameter, value);
    }
    const file = values.output;
    const path = `/v1/audit/export?${query.toString()}`;
    await download(connect(values, defaults), { path, mediaType: 'application/x-ndjson', file }, signal);
    terminal.print(`Wrote ${file}. Verify it with: countersign audit verify ${file} --key <vkey of the log>`);
    return EXIT_OK;
  },
};
