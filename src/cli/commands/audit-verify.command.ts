import type { AuditVerdict } from '../api-types.js';
import { EXIT_FAULT, EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';

/** Has the server recompute every hash of the audit trail. */
export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Recompute the audit trail and compare it with what was recorded',
  usage: ['[options]', ...CONNECTION_USAGE, '', 'Exit code 1 when the trail does not hold.'],
  async run(args, { terminal, defaults, signal }) {
    const { values } = parseOptions(args, CONNECTION_OPTIONS);
    const verdict = await connect(values, defaults).post<AuditVerdict>('/v1/audit/verify', undefined, signal);
    if (verdict.valid) {
      terminal.print(`${terminal.style('green', 'valid')}: ${verdict.checkedEvents} events checked`);
      return EXIT_OK;
    }
    terminal.complain(`NOT VALID: ${verdict.checkedEvents} events checked, ${verdict.faults.length} faults`);
    for (const fault of verdict.faults) terminal.complain(`  ${JSON.stringify(fault)}`);
    return EXIT_FAULT;
  },
};
