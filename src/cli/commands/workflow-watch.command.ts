import type { ApiClient } from '../api-client.js';
import { EXIT_FAULT, EXIT_OK } from '../cli-error.js';
import { type Command, type CommandContext, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';
import { followRun } from '../run-follower.js';
import { RunProgress } from '../run-progress.js';

/** Shows a run live, from its beginning to its end. */
export const workflowWatch: Command = {
  name: 'workflow watch',
  summary: 'Show a run from its beginning until it ends',
  usage: [
    '<id> [options]',
    ...CONNECTION_USAGE,
    '',
    'Exit code 0 when the run completes, 1 when it ends otherwise.',
  ],
  async run(args, context) {
    const { values, positionals } = parseOptions(args, CONNECTION_OPTIONS, 1);
    const id = required(positionals[0], 'The id of the run');
    return watch(connect(values, context.defaults), id, context);
  },
};

/** Watches a run; also what `workflow start --watch` does. */
export async function watch(
  client: ApiClient,
  id: string,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const progress = new RunProgress(terminal);
  const end = await followRun(client, id, { signal }, (event) => {
    progress.show(event);
    if (event.event === 'approval.requested') {
      terminal.print(`    decide with: countersign workflow approve|reject|request-changes ${id}`);
    }
  });
  return end === 'COMPLETED' ? EXIT_OK : EXIT_FAULT;
}
