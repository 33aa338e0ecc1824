import { isCount } from './export-header.js';
import type { Members } from './canonical.js';
import { Fault } from './fault.js';
import type { RunPlace } from './leaf.js';

interface Chain {
  /** Number of the first event that is here. */
  readonly first: number;
  readonly seq: number;
  readonly hash: string;
  /** Whether no event between the first and the last is missing. */
  readonly isWhole: boolean;
}

/**
 * Follows the chain of every run: each event names its number and the leaf before it. Holds where each chain stands, so
 * its memory grows with the runs, not with the events.
 */
export class RunChains {
  private readonly chains = new Map<string, Chain>();
  private readonly gone = new Set<string>();

  /** @param startsAtBeginning whether the first event of every run must be here, or nothing may be missing between. */
  constructor(
    private readonly startsAtBeginning: boolean,
    private readonly mayHaveGaps: boolean,
  ) {}

  get count(): number {
    return this.chains.size;
  }

  /** A leaf that is not here any more: a chain may lead over it. */
  leaveOut(hash: Buffer): void {
    this.gone.add(hash.toString('hex'));
  }

  /** @throws Fault `chain_broken`. */
  follow({ id, seq, prev }: RunPlace, leafHash: Buffer): void {
    const chain = this.chains.get(id);
    const hash = leafHash.toString('hex');
    const follows = chain ? this.continues(chain, seq, prev) : this.begins(seq, prev);
    if (!follows) {
      throw new Fault('chain_broken', `event ${seq} does not follow event ${chain?.seq ?? 0} of its run`, {
        runId: id,
      });
    }
    this.chains.set(id, {
      first: chain?.first ?? seq,
      seq,
      hash,
      isWhole: chain ? chain.isWhole && seq === chain.seq + 1 : true,
    });
  }

  /**
   * Compares the end of a run's chain with what the run itself remembers.
   *
   * @param mustBeWhole whether every event of the run must be here.
   * @throws Fault `chain_cut`.
   */
  end({ id, events, head }: Members, mustBeWhole: boolean): void {
    if (typeof id !== 'string' || !isCount(events) || typeof head !== 'string') {
      throw new Fault('line_malformed', 'a run needs "id", "events" and "head"');
    }
    const chain = this.chains.get(id);
    if (chain?.seq !== events || chain.hash !== head) {
      const message = `the run remembers ${events} events, ${chain?.seq ?? 0} are here`;
      throw new Fault('chain_cut', message, { runId: id });
    }
    if (mustBeWhole && !(chain.first === 1 && chain.isWhole)) {
      throw new Fault('chain_cut', 'not every event of the run is here', { runId: id });
    }
  }

  private begins(seq: number, prev: string | null): boolean {
    if (seq === 1) return prev === null;
    if (prev === null) return false;
    return !this.startsAtBeginning || this.gone.has(prev);
  }

  private continues(chain: Chain, seq: number, prev: string | null): boolean {
    if (seq === chain.seq + 1) return prev === chain.hash;
    if (seq <= chain.seq || prev === null) return false;
    return this.mayHaveGaps || this.gone.has(prev);
  }
}
