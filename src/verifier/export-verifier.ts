import { decodeBase64, decodeHash, decodeProof } from './bytes.js';
import type { Members } from './canonical.js';
import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { checkDisclosed } from './disclosure.js';
import { Documents } from './documents.js';
import { type ExportHeader, isCount, parseHeader } from './export-header.js';
import { parseExportLine } from './export-line.js';
import { Fault, placed } from './fault.js';
import { parseLeaf } from './leaf.js';
import { type Line, LineReader } from './line-reader.js';
import { LogStretch } from './log-stretch.js';
import { hashLeaf, isConsistent, rootOfInclusion } from './merkle.js';
import { checkColumns, checkFilters } from './projection.js';
import type { Remembered } from './remembered.js';
import { RunChains } from './run-chains.js';
import { checkVouchers, type Trust, type Vouchers } from './trust.js';

/** What an export has been found to hold. */
export interface ExportFindings {
  readonly header: ExportHeader;
  readonly checkpoint: Checkpoint;
  /** The signed note as it stands in the file. */
  readonly note: string;
  readonly vouchers: Vouchers;
  readonly counts: ExportCounts;
}

export interface ExportCounts {
  readonly events: number;
  /** Places in the log whose leaf is not here any more; only their hashes are. */
  readonly gone: number;
  readonly runs: number;
  readonly disclosed: number;
  readonly documents: number;
  /** How many of the documents an event names; nothing vouches for the others. */
  readonly recordedDocuments: number;
}

/** What the second line of the file settles. */
interface Opened {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly vouchers: Vouchers;
  readonly remembered: Remembered;
  /** Of a log; a filtered export has a proof for each event in its place. */
  readonly stretch: LogStretch | undefined;
}

/** The order in which the kinds of lines follow each other. */
const RANKS: Readonly<Record<string, number>> = {
  header: 0,
  checkpoint: 1,
  consistency: 2,
  document: 3,
  node: 4,
  event: 4,
  gone: 4,
  run: 5,
  trailer: 6,
};
const RANK_OF_EVENTS = 4;

/**
 * Verifies one export, line by line from its beginning, and stops at the first thing that does not hold.
 * Nothing is kept but where the tree, the chains of runs and the documents stand.
 */
export class ExportVerifier {
  private readonly documents = new Documents();
  private readonly reader: LineReader;
  private header: ExportHeader | undefined;
  private opened: Opened | undefined;
  private chains = new RunChains(true, false);
  private rank = 0;
  private line = 0;
  private nextIndex = 0;
  private events = 0;
  private gone = 0;
  private disclosed = 0;
  private isEnded = false;

  /** @param remember what is known from before of the log of an origin. */
  constructor(
    path: string,
    private readonly trust: Trust,
    private readonly remember: (origin: string) => Remembered,
    private readonly accepted: { readonly acceptsOlder: boolean; readonly acceptsGone: boolean },
  ) {
    this.reader = new LineReader(path);
  }

  /** @throws Fault with the first thing that does not hold. */
  verify(): ExportFindings {
    for (const line of this.reader.lines()) {
      this.line = line.number;
      placed({ line: line.number }, () => this.take(line));
    }
    return this.findings();
  }

  private take(line: Line): void {
    if (this.isEnded) throw new Fault('line_misplaced', 'something follows the trailer');
    if (!this.header) {
      this.takeHeader(line);
      return;
    }
    const { kind, members } = parseExportLine(line);
    if (!this.opened) {
      if (kind !== 'checkpoint') throw new Fault('line_misplaced', 'the second line is not the checkpoint');
      this.opened = this.open(this.header, members['note']);
      this.rank = 1;
      return;
    }
    const rank = kind === 'checkpoint' ? RANK_OF_EVENTS : (RANKS[kind] as number);
    if (rank < this.rank) throw new Fault('line_misplaced', `a line of kind ${kind} has no place here`);
    if (rank > RANK_OF_EVENTS) this.opened.stretch?.close();
    this.rank = rank;
    this.takeMembers(kind, members, this.header, this.opened);
  }

  private takeMembers(kind: string, members: Members, header: ExportHeader, opened: Opened): void {
    switch (kind) {
      case 'checkpoint':
        this.takeLaterCheckpoint(members['note'], header, opened);
        break;
      case 'consistency':
        takeConsistency(members, opened);
        break;
      case 'document':
        if (header.type !== 'bundle') throw new Fault('line_misplaced', 'only a bundle has documents');
        this.documents.add(members);
        break;
      case 'node':
        if (!opened.stretch) throw new Fault('line_misplaced', 'only a log has hashes of what is not there');
        opened.stretch.addNode(members);
        break;
      case 'event':
      case 'gone':
        this.takeEvent(kind, members, header, opened);
        break;
      case 'run':
        this.chains.end(members, header.type !== 'log');
        break;
      case 'trailer':
        this.takeTrailer(members);
        break;
      default:
        throw new Fault('line_misplaced', `a second line of kind ${kind}`);
    }
  }

  private takeHeader(line: Line): void {
    try {
      const { kind, members } = parseExportLine(line);
      if (kind === 'header') this.header = parseHeader(members);
    } catch (error) {
      if (error instanceof Fault && error.reason === 'format_unknown') throw error;
    }
    if (!this.header)
      throw new Fault('not_an_export', 'the file does not begin with the header of an export');
    const isLog = this.header.type === 'log';
    this.chains = new RunChains(isLog && this.header.from === 0, !isLog);
  }

  private open(header: ExportHeader, note: unknown): Opened {
    const checkpoint = checkpointOf(note, header);
    if (checkpoint.size !== BigInt(header.treeSize)) {
      throw new Fault(
        'checkpoint_differs',
        `the checkpoint is of size ${checkpoint.size}, the header says ${header.treeSize}`,
      );
    }
    const vouchers = checkVouchers(checkpoint, this.trust, header.vkeys);
    const remembered = this.remember(header.origin);
    remembered.compare(checkpoint.size, checkpoint.rootHash);
    const stretch = header.type === 'log' ? new LogStretch(header, checkpoint, remembered) : undefined;
    return { checkpoint, note: note as string, vouchers, remembered, stretch };
  }

  private takeLaterCheckpoint(note: unknown, header: ExportHeader, { stretch }: Opened): void {
    const checkpoint = checkpointOf(note, header);
    if (!stretch) throw new Fault('line_misplaced', 'only a log has further checkpoints');
    checkVouchers(checkpoint, { ...this.trust, quorum: 0 }, header.vkeys);
    stretch.meet(checkpoint);
  }

  private takeEvent(kind: 'event' | 'gone', members: Members, header: ExportHeader, opened: Opened): void {
    const { index, hash: encoded } = members;
    const hash = decodeHash(encoded);
    if (!isCount(index) || !hash) throw new Fault('line_malformed', 'an event needs "index" and "hash"');
    placed({ index }, () => {
      if (opened.stretch) opened.stretch.addEvent(index, hash);
      else if (index < this.nextIndex) {
        throw new Fault('index_out_of_order', `index ${index} stands behind ${this.nextIndex - 1}`);
      }
      this.nextIndex = index + 1;
      if (kind === 'event') this.takeLeaf(index, hash, members, header, opened);
      else this.takeGone(hash, opened);
    });
  }

  private takeGone(hash: Buffer, { stretch }: Opened): void {
    if (!stretch) throw new Fault('line_misplaced', 'only a log says what is not there any more');
    if (!this.accepted.acceptsGone) {
      throw new Fault(
        'leaf_gone',
        'of the event only the hash is here; retention can be why (--accept-gone)',
      );
    }
    this.chains.leaveOut(hash);
    this.gone += 1;
  }

  private takeLeaf(
    index: number,
    hash: Buffer,
    members: Members,
    header: ExportHeader,
    { checkpoint, stretch }: Opened,
  ): void {
    const bytes = decodeBase64(members['leaf']);
    if (!bytes) throw new Fault('line_malformed', 'the leaf is not in base64');
    const leaf = parseLeaf(bytes, header.log);
    placed({ eventId: leaf.id }, () => {
      if (!hashLeaf(bytes).equals(hash)) {
        throw new Fault('leaf_hash_differs', 'the leaf is not the one whose hash stands in the log');
      }
      if (!stretch) checkInclusion(index, hash, members['proof'], checkpoint);
      else if ('proof' in members) throw new Fault('line_malformed', 'the events of a log have no proofs');
      checkColumns(members['columns'], leaf);
      checkFilters(header.filters, leaf);
      this.disclosed += checkDisclosed(members['disclosed'], leaf);
      this.documents.meet(index, bytes);
      if (leaf.run) this.chains.follow(leaf.run, hash);
    });
    this.events += 1;
  }

  private takeTrailer({ lines, events, sha256 }: Members): void {
    this.documents.close();
    if (this.events === 0)
      throw new Fault('no_events', 'there is no event in it, so there is nothing to prove');
    if (lines !== this.line - 1 || events !== this.events || sha256 !== this.reader.hexBefore()) {
      throw new Fault('trailer_differs', 'the lines are not those that the trailer speaks of');
    }
    this.isEnded = true;
  }

  private findings(): ExportFindings {
    if (!this.header) throw new Fault('not_an_export', 'the file is empty');
    if (!this.isEnded || !this.opened) {
      throw new Fault('trailer_missing', 'the file ends without its trailer: it was cut', {
        line: this.line,
      });
    }
    const { checkpoint, note, vouchers, remembered } = this.opened;
    remembered.close(checkpoint.size, this.accepted.acceptsOlder);
    return {
      header: this.header,
      checkpoint,
      note,
      vouchers,
      counts: {
        events: this.events,
        gone: this.gone,
        runs: this.chains.count,
        disclosed: this.disclosed,
        documents: this.documents.count,
        recordedDocuments: this.documents.recordedCount,
      },
    };
  }
}

function checkpointOf(note: unknown, { origin }: ExportHeader): Checkpoint {
  if (typeof note !== 'string') throw new Fault('checkpoint_malformed', 'the checkpoint is not a text');
  const checkpoint = parseCheckpoint(Buffer.from(note, 'utf8'));
  if (checkpoint.origin !== origin) {
    throw new Fault('checkpoint_differs', `the checkpoint is that of another log (${checkpoint.origin})`);
  }
  return checkpoint;
}

/** A proof that the log has grown out of what it was at an earlier size. */
function takeConsistency({ size, rootHash, proof }: Members, { checkpoint, remembered }: Opened): void {
  const root = decodeHash(rootHash);
  const hashes = decodeProof(proof);
  if (!isCount(size) || !root || !hashes) {
    throw new Fault('line_malformed', 'a proof of consistency needs "size", "rootHash" and "proof"');
  }
  if (!isConsistent(BigInt(size), checkpoint.size, root, checkpoint.rootHash, hashes)) {
    throw new Fault('proof_fails', `the log does not continue the one of size ${size}`);
  }
  remembered.compare(BigInt(size), root);
}

function checkInclusion(index: number, hash: Buffer, proof: unknown, { size, rootHash }: Checkpoint): void {
  const hashes = decodeProof(proof);
  const root = hashes && rootOfInclusion(BigInt(index), size, hash, hashes);
  if (!root?.equals(rootHash)) {
    throw new Fault('proof_fails', 'the proof does not lead from the event to the checkpoint');
  }
}
