import { decodeHash } from './bytes.js';
import type { Members } from './canonical.js';
import type { Checkpoint } from './checkpoint.js';
import { type ExportHeader, isCount } from './export-header.js';
import { Fault } from './fault.js';
import { GrowingTree } from './merkle.js';
import type { Remembered } from './remembered.js';

/**
 * The events of a log from one index to another, without gaps, and hashes for all that is before and behind them: with
 * both, the root of the whole log can be computed.
 */
export class LogStretch {
  private readonly tree = new GrowingTree();
  /** Up to here the events are known to be those of the log. */
  private proven = 0;
  private readonly awaited: number[];

  constructor(
    private readonly header: ExportHeader,
    private readonly checkpoint: Checkpoint,
    private readonly remembered: Remembered,
  ) {
    this.awaited = remembered.sizes.filter((size) => size <= checkpoint.size).map(Number);
  }

  /** A hash that stands for 2^level events which are not part of the export. @throws Fault `node_malformed` */
  addNode({ level, index, hash }: Members): void {
    const { from, to, treeSize } = this.header;
    const { size } = this.tree;
    const node = decodeHash(hash);
    if (!isCount(level) || level > 52 || !node || index !== size / 2 ** level) {
      throw new Fault('node_malformed', 'the hash has no place in the tree');
    }
    const end = size < from ? from : treeSize;
    if ((size >= from && size < to) || size + 2 ** level > end || !this.tree.addSubtree(node, level)) {
      throw new Fault('node_malformed', 'the hash stands for events that should be here');
    }
    this.compareWithRemembered();
  }

  /** The next event. @throws Fault `events_missing` or `index_out_of_order`. */
  addEvent(index: number, hash: Buffer): void {
    const { from, to } = this.header;
    const { size } = this.tree;
    if (size < from) throw new Fault('events_missing', 'the hashes before the first event are not all here');
    if (index > size) throw new Fault('events_missing', `index ${size} is not here`, { index: size });
    if (index < size || index >= to)
      throw new Fault('index_out_of_order', `index ${index} has no place here`);
    this.tree.addLeaf(hash);
    this.compareWithRemembered();
  }

  /** A checkpoint of this very size: up to here, the events must be what it says. @throws Fault `root_differs` */
  meet({ size, rootHash }: Checkpoint): void {
    if (size !== BigInt(this.tree.size)) {
      throw new Fault('line_misplaced', 'the checkpoint has another size than the log at this place');
    }
    if (!this.tree.root().equals(rootHash)) {
      throw new Fault(
        'root_differs',
        `an event from index ${this.proven} up to ${size - 1n} is not the one that was sealed`,
        { index: this.proven },
      );
    }
    this.proven = Number(size);
  }

  /** Once everything is there, the root must be that of the log. @throws Fault `events_missing` or `root_differs`. */
  close(): void {
    const { size } = this.tree;
    if (size < this.header.treeSize) {
      throw new Fault('events_missing', `nothing is here from index ${size} on`, { index: size });
    }
    if (this.proven < size) this.meet(this.checkpoint);
  }

  private compareWithRemembered(): void {
    const { size } = this.tree;
    while ((this.awaited[0] ?? Infinity) < size) this.awaited.shift();
    if (this.awaited[0] === size) this.remembered.compare(BigInt(size), this.tree.root());
  }
}
