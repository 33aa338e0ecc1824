import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { ExportVerifier } from './export-verifier.js';
import { Fault } from './fault.js';
import { verifyLogDirectory } from './log-directory.js';
import { readProof, verifyProof } from './proof-verifier.js';
import {
  inOneHistory,
  keepInState,
  knownFromAnchor,
  knownFromState,
  readNotes,
  Remembered,
} from './remembered.js';
import { checkVouchers, type Trust } from './trust.js';
import { fails, holds, type Verdict } from './verdict.js';
import type { VerifyOptions } from './verify-options.js';

const NO_MORE = 'It proves the events that it holds, not that there are no others.';

/** Verifies whatever a file is, and remembers its checkpoint where that was asked for and it is valid. */
export function verifyFile(options: VerifyOptions): Verdict {
  try {
    return verify(options);
  } catch (error) {
    if (error instanceof Fault) return fails(error);
    throw error;
  }
}

function verify(options: VerifyOptions): Verdict {
  const { path, trust } = options;
  if (stat(path).isDirectory()) {
    return existsSync(`${path}/checkpoint`) ? verifyFolder(options) : verifyCheckpoints(path, trust);
  }
  const beginning = readBeginning(path);
  if (beginning.startsWith('{"') && beginning.includes('"kind":"header"')) return verifyExport(options);
  if (beginning.startsWith('{"time":')) return verifyCheckpoints(path, trust);
  if (/^(\s*\{|c2sp\.org\/tlog-proof)/.test(beginning)) return verifySingleProof(options);
  if (beginning.includes('\n\n— ')) return verifyCheckpoints(path, trust);
  throw new Fault('not_an_export', 'the file is nothing that this program knows');
}

function verifyExport(options: VerifyOptions): Verdict {
  const memory = new Memory(options);
  const verifier = new ExportVerifier(options.path, options.trust, memory.of, options);
  const { header, checkpoint, note, vouchers, counts } = verifier.verify();
  if (vouchers.isTrusted && options.statePath) keepInState(options.statePath, checkpoint, note);
  const limits = [
    ...(header.type === 'log' ? [] : [NO_MORE]),
    ...(counts.gone > 0 ? [`Of ${counts.gone} events only the hash is here.`] : []),
    ...(counts.documents > counts.recordedDocuments
      ? [
          `No event names ${counts.documents - counts.recordedDocuments} of the documents: nothing vouches for them.`,
        ]
      : []),
  ];
  return holds(header.type, checkpoint, vouchers, { counts, comparedCheckpoints: memory.compared, limits });
}

function verifySingleProof(options: VerifyOptions): Verdict {
  const proof = readProof(options.path);
  if (!proof) throw new Fault('not_an_export', 'the file is neither an export nor a proof');
  const memory = new Memory(options);
  const { checkpoint, note, vouchers, events } = verifyProof(proof, options.trust, memory.of);
  memory.close(checkpoint.size);
  if (vouchers.isTrusted && options.statePath) keepInState(options.statePath, checkpoint, note);
  const limits = events > 0 ? [NO_MORE] : [];
  return holds('proof', checkpoint, vouchers, {
    counts: { events },
    comparedCheckpoints: memory.compared,
    limits,
  });
}

function verifyFolder(options: VerifyOptions): Verdict {
  const memory = new Memory(options);
  const findings = verifyLogDirectory(options.path, options.trust, memory.of);
  const { checkpoint, note, vouchers, events, runs } = findings;
  memory.close(checkpoint.size);
  if (vouchers.isTrusted && options.statePath) keepInState(options.statePath, checkpoint, note);
  return holds('log-directory', checkpoint, vouchers, {
    counts: { events, runs },
    comparedCheckpoints: memory.compared,
    limits: [],
  });
}

/** Checkpoints alone: each must be signed, and none may contradict another. */
function verifyCheckpoints(path: string, trust: Trust): Verdict {
  const checkpoints = readNotes(path);
  const newest = checkpoints.at(-1);
  if (!newest || newest.size === 0n) throw new Fault('no_events', 'the checkpoints are of an empty log');
  let vouchers = checkVouchers(newest, trust);
  const origins = new Set(checkpoints.map(({ origin }) => origin));
  for (const origin of origins) {
    const ofLog = checkpoints.filter((checkpoint) => checkpoint.origin === origin);
    for (const [at, checkpoint] of ofLog.entries()) {
      vouchers = checkVouchers(checkpoint, { ...trust, quorum: 0 });
      if (checkpoint.size < (ofLog[at - 1]?.size ?? 0n)) {
        throw new Fault(
          'rolled_back',
          `a checkpoint of size ${checkpoint.size} follows a larger one of ${origin}`,
        );
      }
    }
    inOneHistory(ofLog.map(({ size, rootHash }) => ({ size, rootHash, source: path })));
  }
  return holds('checkpoints', newest, vouchers, {
    counts: { checkpoints: checkpoints.length },
    limits: ['Checkpoints alone hold no events, and do not show that one continues the other.'],
  });
}

/** What is known of one log from before: the state of earlier verifications, and anchors. */
class Memory {
  private remembered: Remembered | undefined;

  constructor(private readonly options: VerifyOptions) {}

  readonly of = (origin: string): Remembered => {
    const { statePath, anchorPaths, trust } = this.options;
    this.remembered = new Remembered([
      ...(statePath === undefined ? [] : knownFromState(statePath, origin)),
      ...anchorPaths.flatMap((path) => knownFromAnchor(path, origin, trust)),
    ]);
    return this.remembered;
  };

  close(treeSize: bigint): void {
    this.remembered?.close(treeSize, this.options.acceptsOlder);
  }

  get compared(): number {
    return this.remembered?.comparedCount ?? 0;
  }
}

function stat(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    throw new Fault('file_unreadable', (error as Error).message);
  }
}

/** The first bytes, by which it is seen what kind of file it is. */
function readBeginning(path: string): string {
  const bytes = Buffer.alloc(65_536);
  const file = openSync(path, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
