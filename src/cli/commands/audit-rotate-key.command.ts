import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';

const OPTIONS = { ...CONNECTION_OPTIONS, 'end-overlap': { type: 'boolean', default: false } } as const;

/** Changes the key that signs checkpoints: first both sign, then only the new one. */
export const auditRotateKey: Command = {
  name: 'audit rotate-key',
  summary: 'Let a new key sign the audit logs, beside the present one until --end-overlap',
  usage: [
    '[options]',
    '--end-overlap          the key before the present one signs no more: verifiers must know the new one by then',
    ...CONNECTION_USAGE,
  ],
  async run(args, { terminal, defaults, signal }) {
    const { values } = parseOptions(args, OPTIONS);
    const server = connect(values, defaults);
    if (values['end-overlap']) await server.delete('/v1/audit/instance/keys/previous', signal);
    else await server.post('/v1/audit/instance/keys', undefined, signal);
    const { vkeys } = await server.get<{ readonly vkeys: readonly string[] }>('/v1/audit/log', signal);
    terminal.print('Signing from now on, the newest first. Hand these to whoever verifies:');
    for (const vkey of vkeys) terminal.print(`  ${vkey}`);
    return EXIT_OK;
  },
};
