import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { cosign } from '../../compliance/audit/merkle/checkpoint.js';
import { SigningKey } from '../../compliance/audit/merkle/ed25519.js';
import { formatVerifierKey, isKeyName, verifierKey } from '../../compliance/audit/merkle/verifier-key.js';
import { readOrCreateSecret } from '../../config/instance-secret.js';
import { Fault, isUnusable } from '../../verifier/fault.js';
import { parseKey, type VerifierKey } from '../../verifier/signed-note.js';
import type { ApiClient } from '../api-client.js';
import { CliError, EXIT_FAULT, EXIT_OK, UsageError } from '../cli-error.js';
import { type Command, parseOptions, required } from '../command.js';
import { connect, CONNECTION_OPTIONS, CONNECTION_USAGE } from '../connection.js';
import { LogWitness, type Sighting, type WatchedLog } from '../witness/log-witness.js';

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  'log-key': { type: 'string', multiple: true },
  state: { type: 'string' },
  name: { type: 'string' },
  'seed-file': { type: 'string' },
} as const;

/** Watches the audit log from outside: the witness of a customer, to be called by a timer. */
export const auditWitness: Command = {
  name: 'audit witness',
  summary: 'See that the audit log continues what you have seen of it, and cosign its checkpoint',
  usage: [
    '--log-key <vkey> --state <file> [options]',
    '--log-key <vkey>       key of the log, from outside; may be repeated',
    '--state <file>         remembers what was seen; `audit verify --state` reads it too',
    '--name <name>          cosign as this witness, and print the cosigned checkpoint',
    '--seed-file <file>     its key, 32 bytes in base64; made when there is none',
    ...CONNECTION_USAGE,
    'Exit code 1 when the log was rolled back, rewritten, is another one, or is signed by no such key;',
    '2 when it cannot be judged.',
  ],
  async run(args, { terminal, defaults, signal }) {
    const { values } = parseOptions(args, OPTIONS);
    const logKeys = (values['log-key'] ?? []).map(logKeyOf);
    if (logKeys.length === 0) throw new UsageError('--log-key is missing');
    const state = required(values.state, '--state');
    const cosigner = cosignerOf(values.name, values['seed-file']);
    const log = watched(connect(values, defaults), signal);
    let seen: Sighting;
    try {
      seen = await new LogWitness(log, logKeys, state).look();
    } catch (error) {
      if (signal.aborted) throw error;
      const judged = verdictOf(error);
      terminal.complain(judged.message);
      return judged.exitCode;
    }
    if (cosigner) {
      const line = cosign(seen.checkpoint.note.text, cosigner.name, cosigner.key, new Date());
      const vkey = verifierKey(cosigner.name, 'cosignature', cosigner.key.publicKey);
      terminal.complain(`cosigned with ${formatVerifierKey(vkey)}`);
      terminal.print(`${seen.note}${line}`.trimEnd());
    } else {
      terminal.print(sentenceOf(seen));
    }
    return EXIT_OK;
  },
};

/** The same as of `audit verify <file>`: there was nothing to judge. */
const EXIT_UNUSABLE = 2;

function verdictOf(error: unknown): { message: string; exitCode: number } {
  if (error instanceof Fault) {
    return isUnusable(error.reason)
      ? { message: `cannot be judged: ${error.message}`, exitCode: EXIT_UNUSABLE }
      : { message: `NOT VALID (${error.reason}): ${error.message}`, exitCode: EXIT_FAULT };
  }
  if (error instanceof CliError) {
    return { message: `cannot be judged: ${error.message}`, exitCode: EXIT_UNUSABLE };
  }
  throw error;
}

function sentenceOf({ checkpoint: { origin, size }, before }: Sighting): string {
  const since = before === undefined ? 'seen for the first time' : `continues the ${before} seen before`;
  return `valid: ${origin} has ${size} events, ${since}`;
}

function watched(server: ApiClient, signal: AbortSignal): WatchedLog {
  return {
    checkpoint: async () => text(await server.open('/v1/audit/checkpoint', 'text/plain', signal)),
    consistency: async (from, to) => {
      const path = `/v1/audit/proofs/consistency?from=${from}&to=${to}`;
      return (await server.get<{ readonly proof?: unknown }>(path, signal)).proof;
    },
  };
}

function logKeyOf(vkey: string): VerifierKey {
  const key = parseKey(vkey);
  if (key?.kind !== 'log') throw new UsageError(`--log-key: ${vkey} is not the key of a log`);
  return key;
}

function cosignerOf(
  name: string | undefined,
  seedFile: string | undefined,
): { name: string; key: SigningKey } | undefined {
  if (name === undefined && seedFile === undefined) return undefined;
  if (name === undefined || !isKeyName(name))
    throw new UsageError('--name must name the witness, without spaces');
  const { value } = readOrCreateSecret(required(seedFile, '--seed-file'), () =>
    randomBytes(32).toString('base64'),
  );
  const seed = Buffer.from(value, 'base64');
  if (seed.length !== 32) throw new UsageError(`${seedFile} does not hold 32 bytes in base64`);
  return { name, key: new SigningKey(seed) };
}
