import { EXIT_OK, UsageError } from '../cli-error.js';
import { type Command, type CommandContext, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';
import { download } from '../download.js';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  html: 'text/html',
  pdf: 'application/pdf',
};

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  format: { type: 'string', default: 'pdf' },
  output: { type: 'string', short: 'o' },
  from: { type: 'string' },
  to: { type: 'string' },
} as const;

const USAGE = [
  '--format <format>      pdf, html or json (pdf)',
  '-o, --output <file>    where it goes (a name that says what it is)',
] as const;

const PERIOD_USAGE = [
  '--from <instant>       beginning, inclusive (thirty days before the end)',
  '--to <instant>         end, exclusive (now)',
] as const;

/** Fetches the compliance report of a run. */
export const reportRun: Command = {
  name: 'report run',
  summary: 'Write the compliance report of a run to a file',
  usage: ['<id> [options]', ...USAGE, ...CONNECTION_USAGE],
  run(args, context) {
    const { values, positionals } = parseOptions(args, OPTIONS, 1);
    if (values.from ?? values.to) throw new UsageError('A run has no --from and --to');
    const id = required(positionals[0], 'The id of the run');
    return write(
      `/v1/workflows/${encodeURIComponent(id)}/compliance-report`,
      `report-${id}`,
      values,
      context,
    );
  },
};

/** Fetches the compliance report of a period. */
export const reportPeriod: Command = {
  name: 'report period',
  summary: 'Write the compliance report of a period to a file',
  usage: ['[options]', ...PERIOD_USAGE, ...USAGE, ...CONNECTION_USAGE],
  run(args, context) {
    const { values } = parseOptions(args, OPTIONS);
    return write('/v1/compliance/report', 'report-period', values, context);
  },
};

/** Fetches the evidence for a framework. */
export const reportFramework: Command = {
  name: 'report framework',
  summary: 'Write the evidence for soc2, eu-ai-act, gdpr or hipaa to a file',
  usage: ['<framework> [options]', ...PERIOD_USAGE, ...USAGE, ...CONNECTION_USAGE],
  run(args, context) {
    const { values, positionals } = parseOptions(args, OPTIONS, 1);
    const framework = required(positionals[0], 'The framework');
    return write(
      `/v1/compliance/evidence/${encodeURIComponent(framework)}`,
      `evidence-${framework}`,
      values,
      context,
    );
  },
};

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>['values'];

async function write(
  path: string,
  name: string,
  values: Values,
  { terminal, defaults, signal }: CommandContext,
): Promise<number> {
  const mediaType = MEDIA_TYPES[values.format];
  if (mediaType === undefined) throw new UsageError(`--format is ${Object.keys(MEDIA_TYPES).join(', ')}`);
  const period = new URLSearchParams();
  if (values.from !== undefined) period.set('from', values.from);
  if (values.to !== undefined) period.set('to', values.to);
  const file = values.output ?? `${name}.${values.format}`;
  await download(
    connect(values, defaults),
    { path: period.size === 0 ? path : `${path}?${period.toString()}`, mediaType, file },
    signal,
  );
  terminal.print(`Wrote ${file}`);
  return EXIT_OK;
}
