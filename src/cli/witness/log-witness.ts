import { decodeProof } from '../../verifier/bytes.js';
import { type Checkpoint, parseCheckpoint } from '../../verifier/checkpoint.js';
import { Fault } from '../../verifier/fault.js';
import { isConsistent } from '../../verifier/merkle.js';
import { type Known, keepInState, knownFromState } from '../../verifier/remembered.js';
import type { VerifierKey } from '../../verifier/signed-note.js';
import { checkVouchers } from '../../verifier/trust.js';

/** What is asked of the log that is watched. */
export interface WatchedLog {
  /** The newest checkpoint, a signed note. */
  checkpoint(): Promise<string>;
  /** RFC 6962 consistency proof between two sizes, in base64. */
  consistency(from: bigint, to: bigint): Promise<unknown>;
}

/** What a witness has seen of a log. */
export interface Sighting {
  readonly checkpoint: Checkpoint;
  /** The signed note. */
  readonly note: string;
  /** Size of the checkpoint seen before; undefined for the first one. */
  readonly before: bigint | undefined;
}

/** Watches a log for somebody who need not believe its server: what was seen once must be continued for ever. */
export class LogWitness {
  /**
   * @param logKeys keys of the log, from outside: never what the server says.
   * @param statePath file that remembers the newest checkpoint of each log.
   */
  constructor(
    private readonly log: WatchedLog,
    private readonly logKeys: readonly VerifierKey[],
    private readonly statePath: string,
  ) {}

  /**
   * Looks at the newest checkpoint and remembers it.
   *
   * @throws Fault `checkpoint_malformed`, `foreign_key`, `signature_forged`, `rolled_back`, `split_view` or
   *   `history_rewritten`, and then remembers nothing; `state_unusable`.
   */
  async look(): Promise<Sighting> {
    const note = await this.log.checkpoint();
    const checkpoint = parseCheckpoint(Buffer.from(note, 'utf8'));
    checkVouchers(checkpoint, { logKeys: this.logKeys, witnessKeys: [], quorum: 0 });
    const [known] = knownFromState(this.statePath, checkpoint.origin);
    if (known) await this.requireContinued(known, checkpoint);
    // Before anything is said of it: who has cosigned a checkpoint must not forget it.
    keepInState(this.statePath, checkpoint, note);
    return { checkpoint, note, before: known?.size };
  }

  private async requireContinued(known: Known, { size, rootHash }: Checkpoint): Promise<void> {
    if (size < known.size) {
      throw new Fault('rolled_back', `the log had ${known.size} events and shows ${size} now`);
    }
    if (size === known.size) {
      if (rootHash.equals(known.rootHash)) return;
      throw new Fault('split_view', `there are two logs of ${size} events: this is not the one seen before`);
    }
    if (known.size === 0n) return;
    const proof = decodeProof(await this.log.consistency(known.size, size));
    if (!proof || !isConsistent(known.size, size, known.rootHash, rootHash, proof)) {
      throw new Fault(
        'history_rewritten',
        `the ${size} events do not begin with the ${known.size} that were seen before`,
      );
    }
  }
}
