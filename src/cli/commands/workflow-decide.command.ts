import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';

/** Approves what a run waits with; it is then delivered. */
export const workflowApprove = decision({
  verb: 'approve',
  decision: 'approve',
  done: 'Approved',
  summary: 'Approve what a run waits with',
});

/** Ends a waiting run without delivery. */
export const workflowReject = decision({
  verb: 'reject',
  decision: 'reject',
  done: 'Rejected',
  summary: 'Reject what a run waits with; nothing is delivered',
});

/** Sends a waiting run back to GENERATION with a comment. */
export const workflowRequestChanges = decision({
  verb: 'request-changes',
  decision: 'request_changes',
  done: 'Changes requested',
  summary: 'Send a waiting run back to be written anew; --comment says what to change',
});

interface Decision {
  readonly verb: string;
  readonly decision: 'approve' | 'reject' | 'request_changes';
  readonly done: string;
  readonly summary: string;
}

function decision({ verb, decision: value, done, summary }: Decision): Command {
  return {
    name: `workflow ${verb}`,
    summary,
    usage: [
      '<id> [options]',
      '--comment <text>       recorded; the agents read it when changes are requested',
      ...CONNECTION_USAGE,
    ],
    async run(args, { terminal, defaults, signal }) {
      const { values, positionals } = parseOptions(
        args,
        { ...CONNECTION_OPTIONS, comment: { type: 'string' } },
        1,
      );
      const id = required(positionals[0], 'The id of the run');
      if (value === 'request_changes') required(values.comment, '--comment');
      const body = { decision: value, ...(values.comment ? { comment: values.comment } : {}) };
      const client = connect(values, defaults);
      await client.post(`/v1/workflows/${encodeURIComponent(id)}/approvals`, body, signal);
      terminal.print(`${done}. "countersign workflow watch ${id}" shows what follows.`);
      return EXIT_OK;
    },
  };
}
