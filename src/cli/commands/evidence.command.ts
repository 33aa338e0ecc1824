import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';
import { download } from '../download.js';

/** Fetches the evidence of a run as one file that can be checked without the server. */
export const evidence: Command = {
  name: 'evidence',
  summary: 'Write the evidence of a run to one file that can be checked offline',
  usage: [
    '<run> [options]',
    '-o, --output <file>    where it goes (evidence-<run>.ndjson)',
    ...CONNECTION_USAGE,
    '',
    '"countersign audit verify <file> --key <vkey>" checks it.',
  ],
  async run(args, { terminal, defaults, signal }) {
    const { values, positionals } = parseOptions(
      args,
      { ...CONNECTION_OPTIONS, output: { type: 'string', short: 'o' } },
      1,
    );
    const id = required(positionals[0], 'The id of the run');
    const file = values.output ?? `evidence-${id}.ndjson`;
    const path = `/v1/workflows/${encodeURIComponent(id)}/evidence`;
    await download(connect(values, defaults), { path, mediaType: 'application/x-ndjson', file }, signal);
    terminal.print(`Wrote ${file}`);
    return EXIT_OK;
  },
};
