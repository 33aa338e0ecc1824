import { existsSync, readFileSync } from 'node:fs';
import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { Fault, placed } from './fault.js';
import { type Leaf, parseLeaf } from './leaf.js';
import { GrowingTree, hashLeaf } from './merkle.js';
import type { Remembered } from './remembered.js';
import { RunChains } from './run-chains.js';
import { checkVouchers, type Trust, type Vouchers } from './trust.js';

/** What a folder with a log was found to hold. */
export interface LogDirectoryFindings {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly vouchers: Vouchers;
  readonly events: number;
  readonly runs: number;
}

const TILE_WIDTH = 256;
const HASH_BYTES = 32;

/**
 * Verifies a log that lies in a folder as C2SP tlog-tiles says: `checkpoint`, `tile/entries/…` and `tile/0/…`.
 *
 * @throws Fault with the first thing that does not hold.
 */
export function verifyLogDirectory(
  folder: string,
  trust: Trust,
  remember: (origin: string) => Remembered,
): LogDirectoryFindings {
  const note = read(`${folder}/checkpoint`);
  const checkpoint = parseCheckpoint(note);
  const vouchers = checkVouchers(checkpoint, trust);
  const remembered = remember(checkpoint.origin);
  remembered.compare(checkpoint.size, checkpoint.rootHash);
  if (checkpoint.size === 0n) throw new Fault('no_events', 'the log is empty, so there is nothing to prove');
  const tree = new GrowingTree();
  const chains = new RunChains(true, false);
  const awaited = new Set(remembered.sizes.map(Number));
  let log: string | undefined;
  for (const { index, entry, hash } of entriesOf(folder, Number(checkpoint.size))) {
    const leaf = placed({ index }, () => takeEntry(entry, hash, chains, log));
    log ??= leaf.members['log'] as string;
    tree.addLeaf(hashLeaf(entry));
    if (awaited.has(tree.size)) remembered.compare(BigInt(tree.size), tree.root());
  }
  if (!tree.root().equals(checkpoint.rootHash)) {
    throw new Fault('root_differs', 'the events are not those that were sealed');
  }
  return {
    checkpoint,
    note: note.toString('utf8'),
    vouchers,
    events: tree.size,
    runs: chains.count,
  };
}

/** Where the tile of a number lies, in folders of a thousand: `x001/x234/067`, and `.p/<width>` while it is not full. */
export function tilePath(number: number, width: number): string {
  const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0');
  const groups = digits.match(/.{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === TILE_WIDTH ? name : `${name}.p/${width}`;
}

/** The entries of a bundle, each behind its length in two bytes; undefined when the bytes are not that many entries. */
export function splitBundle(bytes: Buffer, count: number): Buffer[] | undefined {
  const entries: Buffer[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < count) {
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) return undefined;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return at === bytes.length && entries.length === count ? entries : undefined;
}

function takeEntry(
  entry: Buffer,
  expected: Buffer | undefined,
  chains: RunChains,
  log: string | undefined,
): Leaf {
  const hash = hashLeaf(entry);
  const leaf = parseLeaf(entry, log);
  placed({ eventId: leaf.id }, () => {
    if (expected && !hash.equals(expected)) {
      throw new Fault('leaf_hash_differs', 'the leaf is not the one whose hash stands in the log');
    }
    if (leaf.run) chains.follow(leaf.run, hash);
  });
  return leaf;
}

function* entriesOf(
  folder: string,
  size: number,
): Generator<{ index: number; entry: Buffer; hash: Buffer | undefined }> {
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - first);
    const name = tilePath(first / TILE_WIDTH, width);
    const entries = splitBundle(read(`${folder}/tile/entries/${name}`), width);
    if (!entries) throw new Fault('events_missing', `tile/entries/${name} is not whole`, { index: first });
    const hashes = existsSync(`${folder}/tile/0/${name}`) ? read(`${folder}/tile/0/${name}`) : undefined;
    for (const [at, entry] of entries.entries()) {
      yield {
        index: first + at,
        entry,
        hash: hashes?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
      };
    }
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Fault('file_unreadable', (error as Error).message);
  }
}
