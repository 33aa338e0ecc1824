import type { ApiClient } from '../api-client.js';
import type { RunStarted } from '../api-types.js';
import { EXIT_OK, UsageError } from '../cli-error.js';
import { type Command, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';
import { readJson, readRecipients } from '../input-files.js';
import { watch } from './workflow-watch.command.js';

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  definition: { type: 'string', default: 'email-campaign' },
  brief: { type: 'string' },
  recipients: { type: 'string' },
  sender: { type: 'string' },
  channel: { type: 'string' },
  url: { type: 'string' },
  input: { type: 'string' },
  session: { type: 'string' },
  'lawful-basis': { type: 'string' },
  watch: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>['values'];

/** Starts a run, by default of `email-campaign` from a brief and a table of recipients. */
export const workflowStart: Command = {
  name: 'workflow start',
  summary: 'Start a run from a brief and a CSV file of recipients',
  usage: [
    '--brief <json> --recipients <csv> --lawful-basis <basis> [options]',
    '--definition <name>    workflow definition (email-campaign)',
    '--brief <file>         JSON {goal, audience, tone?, offer?, constraints?, sender?}',
    '--recipients <file>    CSV with the columns name and email; the others become attributes',
    '--sender <file>        JSON {name, email}, when it does not stand in the brief',
    '--channel <name>       outbox, smtp or webhook (what the definition says)',
    '--url <url>            where a webhook goes',
    '--input <file>         JSON of the whole input, instead of the five above: for other definitions',
    '--lawful-basis <basis> why they may be written to: consent, contract, legitimate_interests, …',
    '--session <id>         a session that carries the consents already, instead of --lawful-basis',
    '--watch                stay and show the run',
    ...CONNECTION_USAGE,
  ],
  async run(args, context) {
    const { terminal, defaults, signal } = context;
    const { values } = parseOptions(args, OPTIONS);
    const input = await inputOf(values);
    const client = connect(values, defaults);
    const sessionId = values.session ?? (await openSession(client, values, signal));
    const body = { definition: values.definition, sessionId, input };
    const run = await client.post<RunStarted>('/v1/workflows', body, signal);
    terminal.print(`Started ${run.definition} version ${run.version} as run ${run.id}`);
    if (values.watch) return watch(client, run.id, context);
    terminal.print(`"countersign workflow watch ${run.id}" shows it.`);
    return EXIT_OK;
  },
};

async function inputOf(values: Values): Promise<Record<string, unknown>> {
  if (values.input !== undefined) {
    if (values.brief ?? values.recipients ?? values.sender ?? values.channel ?? values.url) {
      throw new UsageError('--input stands alone: it already holds brief, recipients, sender and delivery');
    }
    return readJson(values.input);
  }
  const { sender: within, ...brief } = await readJson(required(values.brief, '--brief'));
  const recipients = await readRecipients(required(values.recipients, '--recipients'));
  const sender = values.sender === undefined ? within : await readJson(values.sender);
  if (sender === undefined) throw new UsageError('--sender is missing, and the brief names none');
  const { channel, url } = values;
  if (url !== undefined && channel !== 'webhook') throw new UsageError('--url goes with --channel webhook');
  return {
    brief,
    sender,
    recipients,
    ...(channel ? { delivery: { channel, ...(url ? { url } : {}) } } : {}),
  };
}

/** The reason these people may be written to is the operator's to state, so it has no default. */
async function openSession(client: ApiClient, values: Values, signal: AbortSignal): Promise<string> {
  const lawfulBasis = required(values['lawful-basis'], '--lawful-basis (or --session)');
  const path = `/v1/workflow-definitions/${encodeURIComponent(values.definition)}`;
  const { purpose } = await client.get<{ purpose: string }>(path, signal);
  const consents = [{ subject: '*', purpose, lawfulBasis, granted: true }];
  const { id } = await client.post<{ id: string }>('/v1/sessions', { consents }, signal);
  return id;
}
