import { readFileSync } from 'node:fs';
import type { CliDefaults } from '../config/cli-defaults.js';
import { ApiClient } from './api-client.js';
import { CliError, UsageError } from './cli-error.js';

/** Options of every command that talks to a server. */
export const CONNECTION_OPTIONS = {
  server: { type: 'string', default: 'http://127.0.0.1:3000' },
  key: { type: 'string' },
  'key-file': { type: 'string' },
} as const;

/** How {@link CONNECTION_OPTIONS} read in a usage text. */
export const CONNECTION_USAGE = [
  '--server <url>         server to talk to (http://127.0.0.1:3000)',
  '--key <key>            API key; it then shows in the process list: prefer the next two',
  '--key-file <file>      file with the API key',
  '                       (else COUNTERSIGN_API_KEY, else ./.countersign/keys/admin.key)',
] as const;

export interface ConnectionValues {
  readonly server: string;
  readonly key?: string | undefined;
  readonly 'key-file'?: string | undefined;
}

/** A client for the server and the key the options and the environment name. */
export function connect(values: ConnectionValues, defaults: CliDefaults): ApiClient {
  const server = URL.parse(values.server);
  if (!server || !server.protocol.startsWith('http'))
    throw new UsageError('--server must be an http or https URL');
  return new ApiClient(server.href, values.key ?? keyOf(values['key-file'], defaults));
}

function keyOf(file: string | undefined, defaults: CliDefaults): string {
  if (file === undefined && defaults.apiKey !== undefined) return defaults.apiKey;
  const path = file ?? defaults.adminKeyFile;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const why = `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new CliError(
      file === undefined ? `There is no API key: ${why}. Give --key-file, or set COUNTERSIGN_API_KEY.` : why,
    );
  }
}
