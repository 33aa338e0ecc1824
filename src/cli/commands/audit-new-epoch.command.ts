import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  reason: { type: 'string' },
  instance: { type: 'boolean', default: false },
} as const;

/** Lets a log go on from a database that was restored. */
export const auditNewEpoch: Command = {
  name: 'audit new-epoch',
  summary: 'Let an audit log go on under a new name after a backup was restored',
  usage: [
    '--reason <reason> [options]',
    '--reason <reason>      restored-backup, lost-database, damaged-log or other',
    '--instance             the log of the instance, and not that of the tenant of the key',
    ...CONNECTION_USAGE,
  ],
  async run(args, { terminal, defaults, signal }) {
    const { values } = parseOptions(args, OPTIONS);
    const reason = required(values.reason, '--reason');
    const log = values.instance ? 'instance' : 'own';
    const { origin, index } = await connect(values, defaults).post<{
      readonly origin: string;
      readonly index: number;
    }>('/v1/audit/epochs', { reason, log }, signal);
    terminal.print(`The log goes on as ${origin}; place ${index} says why.`);
    return EXIT_OK;
  },
};
