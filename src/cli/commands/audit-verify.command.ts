import { parseArgs } from 'node:util';
import { runVerify } from '../../verifier/run-verify.js';
import { VERIFY_USAGE } from '../../verifier/verify-options.js';
import type { AuditVerdict } from '../api-types.js';
import { EXIT_FAULT, EXIT_OK } from '../cli-error.js';
import { type Command, type CommandContext, parseOptions } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';

/** Verifies a file offline, or has the server recompute every hash of its trail. */
export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Verify an export offline; without a file, have the server check its trail',
  usage: [
    ...VERIFY_USAGE,
    '',
    'Without a file:',
    ...CONNECTION_USAGE,
    'Exit code 1 when the trail does not hold.',
  ],
  async run(args, context) {
    if (!namesFile(args)) return verifyOnServer(args, context);
    const { terminal } = context;
    return runVerify(args, {
      print: (line) => terminal.print(line),
      complain: (line) => terminal.complain(line),
    });
  },
};

async function verifyOnServer(
  args: readonly string[],
  { terminal, defaults, signal }: CommandContext,
): Promise<number> {
  const { values } = parseOptions(args, CONNECTION_OPTIONS);
  const verdict = await connect(values, defaults).post<AuditVerdict>('/v1/audit/verify', undefined, signal);
  if (verdict.valid) {
    terminal.print(`${terminal.style('green', 'valid')}: ${verdict.checkedEvents} events checked`);
    return EXIT_OK;
  }
  terminal.complain(`NOT VALID: ${verdict.checkedEvents} events checked, ${verdict.faults.length} faults`);
  for (const fault of verdict.faults) terminal.complain(`  ${JSON.stringify(fault)}`);
  return EXIT_FAULT;
}

/** Whether any argument is none of an option: then it is a file. */
function namesFile(args: readonly string[]): boolean {
  const options = Object.fromEntries(
    ['key', 'witness', 'quorum', 'anchor', 'state', ...Object.keys(CONNECTION_OPTIONS)].map((name) => [
      name,
      { type: 'string' as const },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false }).positionals.length > 0;
}
