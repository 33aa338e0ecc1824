import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { Fault } from './fault.js';
import { checkVouchers, type Trust } from './trust.js';

/** A root that was known before, and from where. */
export interface Known {
  readonly size: bigint;
  readonly rootHash: Buffer;
  readonly source: string;
}

/**
 * Checkpoints that were seen earlier or are kept elsewhere. What is verified now must be a continuation of them,
 * whoever signed it: that is how a history written anew with the real key shows.
 */
export class Remembered {
  private readonly known: ReadonlyMap<bigint, Known>;
  private readonly compared = new Set<bigint>();

  /** @throws Fault `split_view` when what is remembered contradicts itself. */
  constructor(known: readonly Known[]) {
    this.known = inOneHistory(known);
  }

  /** Sizes at which a root is known, smallest first. */
  get sizes(): readonly bigint[] {
    return [...this.known.keys()];
  }

  get comparedCount(): number {
    return this.compared.size;
  }

  /** The root known for a size, if any. */
  at(size: bigint): Known | undefined {
    return this.known.get(size);
  }

  /** @throws Fault `history_rewritten` when another root is known for this size. */
  compare(size: bigint, rootHash: Buffer): void {
    const known = this.at(size);
    if (!known) return;
    if (!known.rootHash.equals(rootHash)) {
      const message = `the first ${size} events are not those that ${known.source} knows`;
      throw new Fault('history_rewritten', message, { index: Number(size) - 1 });
    }
    this.compared.add(size);
  }

  /**
   * To be called at the end: has what is remembered been met?
   *
   * @throws Fault `rolled_back`, or `not_comparable` when the newest checkpoint known could not be compared.
   */
  close(treeSize: bigint, acceptsOlder: boolean): void {
    const known = [...this.known.values()];
    const newest = known.at(-1);
    if (!newest) return;
    if (newest.size > treeSize && !acceptsOlder) {
      throw new Fault(
        'rolled_back',
        `${newest.source} knows a log of ${newest.size} events, this one has ${treeSize}`,
      );
    }
    const due = known.findLast(({ size }) => size <= treeSize);
    if (due && !this.compared.has(due.size)) {
      throw new Fault(
        'not_comparable',
        `nothing here leads from the checkpoint of size ${due.size} in ${due.source} to this one; ` +
          `export with consistentWith=${due.size}`,
      );
    }
  }
}

/**
 * Checkpoints of one log by their size, smallest first.
 *
 * @throws Fault `split_view` when two of one size have different roots.
 */
export function inOneHistory(known: readonly Known[]): Map<bigint, Known> {
  const bySize = new Map<bigint, Known>();
  for (const one of [...known].sort((one, other) => Number(one.size - other.size))) {
    const other = bySize.get(one.size);
    if (other && !other.rootHash.equals(one.rootHash)) {
      throw new Fault('split_view', `two different roots are known for size ${one.size}`);
    }
    bySize.set(one.size, one);
  }
  return bySize;
}

/** What a file with the state of earlier verifications knows of a log; nothing when there is no file yet. */
export function knownFromState(path: string, origin: string): Known[] {
  const note = readState(path)[origin];
  if (note === undefined) return [];
  try {
    const { size, rootHash } = parseCheckpoint(Buffer.from(note, 'utf8'));
    return [{ size, rootHash, source: path }];
  } catch {
    throw new Fault('state_unusable', `${path} holds no checkpoint of ${origin}`);
  }
}

/** Keeps a checkpoint for the next time, unless a later one is kept already. */
export function keepInState(path: string, checkpoint: Checkpoint, note: string): void {
  const [known] = knownFromState(path, checkpoint.origin);
  if (known && known.size >= checkpoint.size) return;
  const next = JSON.stringify({ ...readState(path), [checkpoint.origin]: note }, undefined, 2);
  // Whole or not at all: half a state would lock the next verification out.
  writeFileSync(`${path}.new`, `${next}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/**
 * Every checkpoint of a log in a file of checkpoints that is only ever appended to.
 *
 * @throws Fault `anchor_unusable` when one is not signed as it must be.
 */
export function knownFromAnchor(path: string, origin: string, trust: Trust): Known[] {
  const checkpoints = readNotes(path).filter((checkpoint) => checkpoint.origin === origin);
  for (const checkpoint of checkpoints) {
    try {
      checkVouchers(checkpoint, { ...trust, quorum: 0 });
    } catch (error) {
      throw new Fault('anchor_unusable', `${path}, size ${checkpoint.size}: ${(error as Error).message}`);
    }
  }
  return checkpoints.map(({ size, rootHash }) => ({ size, rootHash, source: path }));
}

/**
 * The checkpoints of an append-only file, or of every `.jsonl` file of a folder: signed notes one after the other, or a
 * line of JSON with a `note` for each.
 */
export function readNotes(path: string): Checkpoint[] {
  try {
    return filesOf(path)
      .flatMap((file) => splitNotes(readFileSync(file, 'utf8')))
      .map((note) => parseCheckpoint(Buffer.from(note, 'utf8')));
  } catch (error) {
    const why = error instanceof Fault ? 'it is not a file of checkpoints' : (error as Error).message;
    throw new Fault('anchor_unusable', `${path}: ${why}`);
  }
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => `${path}/${name}`);
}

function splitNotes(text: string): string[] {
  if (text.startsWith('{')) return text.split('\n').flatMap(noteOfLine);
  // A note ends where a line of signature is followed by something else.
  return text.split(/(?<=\n— [^\n]+\n)\n*(?!— |\n)(?=[^\n])/);
}

/** A line that a crash has cut off in the middle says nothing; the checkpoint was written again behind it. */
function noteOfLine(line: string): string[] {
  if (!line.endsWith('}')) return [];
  const { note } = JSON.parse(line) as { note?: unknown };
  return [String(note)];
}

function readState(path: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Fault('state_unusable', (error as Error).message);
  }
  try {
    const state = JSON.parse(text) as Record<string, unknown>;
    if (Object.values(state).every((note) => typeof note === 'string'))
      return state as Record<string, string>;
  } catch {
    // Said below, as for any other file that is not a state.
  }
  throw new Fault('state_unusable', `${path} is not a file of this program`);
}
