import type { Checkpoint } from './checkpoint.js';
import { Fault } from './fault.js';
import { isGenuine, parseKey, signaturesBy, type VerifierKey, witnessedAt } from './signed-note.js';

/** Whom the verifying person believes. It comes from outside, never from what is verified. */
export interface Trust {
  readonly logKeys: readonly VerifierKey[];
  readonly witnessKeys: readonly VerifierKey[];
  /** How many of the witnesses must have cosigned. */
  readonly quorum: number;
}

/** Who has signed a checkpoint. */
export interface Vouchers {
  /** Whether a key that was given from outside has signed. */
  readonly isTrusted: boolean;
  /** Names and ids of the keys of the log that have. */
  readonly signedBy: readonly string[];
  readonly witnesses: readonly { readonly name: string; readonly at: string }[];
}

/**
 * Checks the signatures of a checkpoint against what is believed, k of n witnesses included.
 *
 * @param foundKeys keys that came with it. They show at most that it agrees with itself, and are only looked at when
 *   no key was given from outside.
 * @throws Fault `foreign_key`, `signature_forged` or `witnesses_missing`.
 */
export function checkVouchers(
  checkpoint: Checkpoint,
  trust: Trust,
  foundKeys: readonly string[] = [],
): Vouchers {
  const isTrusted = trust.logKeys.length > 0;
  const logKeys = isTrusted ? trust.logKeys : foundKeys.map(parseKey).filter((key) => key !== undefined);
  const signedBy = genuineKeys(
    checkpoint,
    logKeys.filter(({ name, kind }) => kind === 'log' && name === checkpoint.origin),
  );
  if (isTrusted && signedBy.length === 0) {
    throw new Fault(
      'foreign_key',
      `the checkpoint of ${checkpoint.origin} is not signed by a key that is trusted for it`,
    );
  }
  const witnesses = genuineKeys(checkpoint, trust.witnessKeys);
  if (witnesses.length < trust.quorum) {
    throw new Fault(
      'witnesses_missing',
      `${witnesses.length} of the trusted witnesses have cosigned the checkpoint, ${trust.quorum} must have`,
    );
  }
  return {
    isTrusted,
    signedBy: signedBy.map(({ name, id }) => `${name}+${id}`),
    witnesses: witnesses.map((key) => ({ name: key.name, at: timeOf(checkpoint, key) })),
  };
}

/** The keys that have signed. One that is named and has not is a forgery, whoever else has signed. */
function genuineKeys(checkpoint: Checkpoint, keys: readonly VerifierKey[]): VerifierKey[] {
  const unique = [...new Map(keys.map((key) => [`${key.name}+${key.id}`, key])).values()];
  return unique.filter((key) => {
    const signatures = signaturesBy(checkpoint.note, key);
    if (signatures.some((signature) => !isGenuine(checkpoint.note, key, signature))) {
      throw new Fault('signature_forged', `the signature of ${key.name} under the checkpoint is not genuine`);
    }
    return signatures.length > 0;
  });
}

function timeOf({ note }: Checkpoint, key: VerifierKey): string {
  const [signature] = signaturesBy(note, key);
  const seconds = Number((signature && witnessedAt(signature)) ?? 0n);
  // A time beyond what a date can hold is still a genuine signature.
  return seconds < 8.64e12 ? new Date(seconds * 1_000).toISOString() : `${seconds} s`;
}
