import type { Approval, HistoryItem, Page, Run } from '../api-types.js';
import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';
import { timeline } from '../timeline.js';

/** Shows where a run stands and what happened to it. */
export const workflowShow: Command = {
  name: 'workflow show',
  summary: 'Show where a run stands, its approvals and its timeline',
  usage: ['<id> [options]', '--json                 the run as the server tells it', ...CONNECTION_USAGE],
  async run(args, { terminal, defaults, signal }) {
    const { values, positionals } = parseOptions(
      args,
      { ...CONNECTION_OPTIONS, json: { type: 'boolean' } },
      1,
    );
    const id = required(positionals[0], 'The id of the run');
    const client = connect(values, defaults);
    const path = `/v1/workflows/${encodeURIComponent(id)}`;
    const run = await client.get<Run>(path, signal);
    if (values.json) {
      terminal.print(JSON.stringify(run, null, 2));
      return EXIT_OK;
    }
    const { items: approvals } = await client.get<Page<Approval>>(`${path}/approvals`, signal);
    const history = await client.list<HistoryItem>(`${path}/history`, signal);
    for (const [label, value] of factsOf(run)) terminal.print(`${label.padEnd(12)}${value}`);
    for (const { status, contentHash } of approvals) {
      terminal.print(`${'approval'.padEnd(12)}${status}, binds content ${contentHash.slice(0, 16)}…`);
    }
    terminal.print();
    for (const line of timeline(history)) terminal.print(line);
    return EXIT_OK;
  },
};

function factsOf(run: Run): [string, string][] {
  const { usage } = run;
  const error = run.contextData?.lastError;
  return [
    ['run', run.id],
    ['definition', `${run.definition} version ${run.version}`],
    ['status', `${run.status}${run.degraded ? ' (degraded: a fallback stood in for a model)' : ''}`],
    ['phase', run.phase],
    ...(error ? [['last error', `${error.code}: ${error.message}`] as [string, string]] : []),
    ['created', run.createdAt],
    ...(run.completedAt ? [['completed', run.completedAt] as [string, string]] : []),
    ...(usage
      ? [
          [
            'usage',
            `${usage.inputTokens} tokens in, ${usage.outputTokens} out, ${usage.costUsd.toFixed(4)} USD`,
          ] as [string, string],
        ]
      : []),
  ];
}
