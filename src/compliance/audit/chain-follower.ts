import type { AuditRow } from './audit.repository.js';
import type { RetiredPlaces } from './retired-places.js';

/** An event of a run whose predecessor is not at hand. */
export interface ChainLink {
  readonly runId: string;
  readonly seq: number;
}

/** The newest event of a run; `index` is -1 where its place was not looked up. */
interface End {
  readonly seq: number;
  readonly hash: string;
  readonly index: number;
}

/** Runs whose ends are held at once; older ones are looked up again when they go on. */
const HELD = 50_000;

/** Follows the chains of runs through events in log order. */
export class ChainFollower {
  /** The newest event of each run; runs that went on last stand last. */
  private readonly ends = new Map<string, End>();

  /** @param retired places whose leaves retention has removed: a chain may lead over them. */
  constructor(private readonly retired: RetiredPlaces) {}

  /** Predecessors of these rows that have to be looked up, to be given to {@link learn}. */
  unknown(rows: readonly (AuditRow | undefined)[]): ChainLink[] {
    const seen = new Set<string>();
    const links: ChainLink[] = [];
    for (const row of rows) {
      if (!row?.run_id || seen.has(row.run_id)) continue;
      seen.add(row.run_id);
      if (!this.ends.has(row.run_id) && (row.run_seq ?? 0) > 1) {
        links.push({ runId: row.run_id, seq: (row.run_seq as number) - 1 });
      }
    }
    return links;
  }

  /** Takes up a chain at an event that was checked before. */
  learn({ runId, seq }: ChainLink, leafHash: Buffer): void {
    this.ends.set(runId, { seq, hash: leafHash.toString('hex'), index: -1 });
  }

  /**
   * The next event of the log.
   *
   * @param index its place; undefined while it waits for one.
   * @returns what is wrong with its place in its chain.
   */
  follow(row: AuditRow, index = Number.POSITIVE_INFINITY): string | undefined {
    if (row.run_id === null) return undefined;
    const previous = this.ends.get(row.run_id) ?? { seq: 0, hash: '', index: -1 };
    const seq = row.run_seq ?? 0;
    this.ends.delete(row.run_id);
    this.ends.set(row.run_id, { seq, hash: row.leaf_hash.toString('hex'), index });
    this.forgetOldest();
    const follows = seq === previous.seq + 1 && (row.run_prev?.toString('hex') ?? '') === previous.hash;
    const leadsOver = seq > previous.seq + 1 && this.retired.anyBetween(previous.index, index);
    if (follows || leadsOver) return undefined;
    return `event ${row.run_seq} does not follow event ${previous.seq} of its run`;
  }

  private forgetOldest(): void {
    if (this.ends.size <= HELD) return;
    const [oldest] = this.ends.keys();
    this.ends.delete(oldest as string);
  }
}
