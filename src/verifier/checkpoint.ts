import { decodeHash } from './bytes.js';
import { Fault } from './fault.js';
import { parseNote, type SignedNote } from './signed-note.js';

/** What a log says of itself at one moment, C2SP tlog-checkpoint. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly rootHash: Buffer;
  readonly note: SignedNote;
}

const BODY = /^([^\n]+)\n(0|[1-9][0-9]{0,19})\n([^\n]+)\n(?:[^\n]+\n)*$/;
const MAX_SIZE = 2n ** 64n - 1n;

/**
 * Reads a checkpoint, without saying whether its signatures are genuine.
 *
 * @throws Fault `checkpoint_malformed`.
 */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const note = parseNote(bytes);
  if (!note) throw new Fault('checkpoint_malformed', 'the checkpoint is not a signed note');
  const [, origin, size, root] = BODY.exec(note.text) ?? [];
  const rootHash = decodeHash(root);
  if (!origin || !size || !rootHash || BigInt(size) > MAX_SIZE) {
    throw new Fault('checkpoint_malformed', 'the note does not tell origin, size and root of a log');
  }
  return { origin, size: BigInt(size), rootHash, note };
}
