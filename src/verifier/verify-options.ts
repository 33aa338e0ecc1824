import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Fault } from './fault.js';
import { parseKey, type VerifierKey } from './signed-note.js';
import type { Trust } from './trust.js';

/** Everything that a verification depends on besides the file itself. */
export interface VerifyOptions {
  readonly path: string;
  readonly trust: Trust;
  readonly statePath: string | undefined;
  readonly anchorPaths: readonly string[];
  readonly acceptsOlder: boolean;
  readonly acceptsGone: boolean;
}

export const VERIFY_USAGE = [
  '<file> --key <vkey or file> [options]',
  '',
  'The file: an export, a bundle, a proof, a folder with a tiled log, or a file of checkpoints.',
  '',
  '--key <vkey or file>      the key of the log, as `name+id+key`; once for each. Take it from outside',
  '--witness <vkey or file>  the key of a witness; once for each',
  '--quorum <number>         how many of the witnesses must have cosigned (default: all that are given)',
  '--anchor <file or folder> checkpoints kept elsewhere; what is verified must continue them',
  '--state <file>            remembers the checkpoint of each log that was valid; the next must continue it',
  '--older                   accepts less of the log than is known already',
  '--accept-gone             accepts events of which only the hash is there, because retention has dropped them',
  '--json                    the verdict as JSON',
  '',
  'Exit codes: 0 valid, 1 tampered, 2 unusable, 3 it agrees with itself and no trusted key was given.',
];

/** The arguments themselves are wrong. */
export class ArgumentError extends Error {}

/**
 * Reads the arguments of a verification.
 *
 * @throws Fault `key_unusable`, or ArgumentError.
 */
export function parseVerifyOptions(args: readonly string[]): VerifyOptions {
  const { values, positionals } = split(args);
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) throw new ArgumentError('exactly one file must be given');
  const witnessKeys = keysOf(values.witness, 'witness');
  const quorum = values.quorum === undefined ? witnessKeys.length : Number(values.quorum);
  if (!Number.isInteger(quorum) || quorum < 0 || quorum > witnessKeys.length) {
    throw new ArgumentError('--quorum must be a number up to that of the witnesses');
  }
  return {
    path,
    trust: { logKeys: keysOf(values.key, 'log'), witnessKeys, quorum },
    statePath: values.state,
    anchorPaths: values.anchor ?? [],
    acceptsOlder: values.older ?? false,
    acceptsGone: values['accept-gone'] ?? false,
  };
}

function split(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: 'string', multiple: true },
        witness: { type: 'string', multiple: true },
        quorum: { type: 'string' },
        anchor: { type: 'string', multiple: true },
        state: { type: 'string' },
        older: { type: 'boolean' },
        'accept-gone': { type: 'boolean' },
        json: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new ArgumentError((error as Error).message);
  }
}

function keysOf(given: readonly string[] = [], kind: VerifierKey['kind']): VerifierKey[] {
  return given.flatMap((text) => {
    const keys = parseKey(text) ? [text] : linesOf(text);
    return keys.map((line) => {
      const key = parseKey(line);
      if (key?.kind !== kind) throw new Fault('key_unusable', `"${line}" is not the key of a ${kind}`);
      return key;
    });
  });
}

/** Keys in a file, one a line; empty lines and those that begin with # are for people. */
function linesOf(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Fault('key_unusable', `"${path}" is neither a key nor a file of keys`);
  }
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) throw new Fault('key_unusable', `${path} holds no key`);
  return keys;
}
