import { parseKey } from '../../verifier/signed-note.js';
import { verifyFile } from '../../verifier/verify-file.js';

/**
 * Holds a file of the archive against the offline verifier: the program that whoever keeps the file will trust.
 *
 * @param keys verifier keys of the log.
 * @throws what is wrong with the file.
 */
export function requireProven(path: string, keys: readonly string[]): void {
  const logKeys = keys.map(parseKey).filter((key) => key !== undefined);
  const { verdict, fault } = verifyFile({
    path,
    trust: { logKeys, witnessKeys: [], quorum: 0 },
    statePath: undefined,
    anchorPaths: [],
    acceptsOlder: true,
    // Neighbours of the day may have gone before it.
    acceptsGone: true,
  });
  if (verdict !== 'valid') throw new Error(`an archive of the trail is ${verdict}: ${fault?.message ?? ''}`);
}
