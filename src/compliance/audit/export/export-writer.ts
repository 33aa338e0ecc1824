import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../kernel/canonical-json.js';

/** `log`: a stretch of the log without gaps. `filtered`: some events with a proof each. `bundle`: that with documents. */
export type ExportType = 'log' | 'filtered' | 'bundle';

/** What the first line says; docs/audit-export.md has every member. */
export interface ExportHeader {
  readonly type: ExportType;
  /** Origin of the log, as its checkpoints name it. */
  readonly origin: string;
  /** Tenant id: every leaf of the export says the same. */
  readonly log: string;
  /** Size of the checkpoint that everything is proven against. */
  readonly treeSize: number;
  /** First index, inclusive. */
  readonly from: number;
  /** Last index, exclusive. */
  readonly to: number;
  readonly filters: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  /** Public keys of the log. A verifier takes none of them for trusted. */
  readonly vkeys: readonly string[];
}

/** The columns beside a leaf, by which it was found. */
export interface ExportColumns {
  readonly id: string;
  readonly type: string;
  readonly outcome: string;
  readonly occurredAt: string;
  readonly actorType: string;
  readonly actorRef: string;
  readonly sessionId: string | null;
  readonly runId: string | null;
  readonly runSeq: number | null;
  /** Hexadecimal. */
  readonly runPrev: string | null;
}

/** A personal value with what opens its commitment in the leaf. */
export interface DisclosedValue {
  /** Path of the value, as the leaf's `sealed` names it. */
  readonly f: string;
  readonly value: unknown;
  readonly salt: Buffer;
}

export interface ExportEvent {
  readonly index: number;
  /** Hash of the leaf as the log holds it, not computed from the leaf. */
  readonly hash: Buffer;
  /** The exact bytes. */
  readonly leaf: Buffer;
  readonly columns?: ExportColumns;
  readonly disclosed?: readonly DisclosedValue[];
  /** Inclusion proof against the checkpoint; needed in all but a log. */
  readonly proof?: readonly Buffer[];
}

/**
 * Writes an export line by line: each line canonical JSON, the last one a trailer with a digest of all before it. The
 * caller keeps the order: header, checkpoint, proofs of consistency, documents, nodes and events by index, runs, trailer.
 */
export class ExportWriter {
  private readonly hash = createHash('sha256');
  private lines = 0;
  private events = 0;

  header({ createdAt, ...header }: ExportHeader): string {
    return this.line({
      kind: 'header',
      format: 'countersign-export/1',
      ...header,
      createdAt: createdAt.toISOString(),
    });
  }

  /** @param note the signed note, cosignatures included. */
  checkpoint(note: string): string {
    return this.line({ kind: 'checkpoint', note });
  }

  /** That the log has grown out of what it was at an earlier size. */
  consistency(size: number, rootHash: Buffer, proof: readonly Buffer[]): string {
    return this.line({ kind: 'consistency', size, rootHash: base64(rootHash), proof: proof.map(base64) });
  }

  /** A hash that stands for the 2^level leaves from index · 2^level on, which the export leaves out. */
  node(level: number, index: number, hash: Buffer): string {
    return this.line({ kind: 'node', level, index, hash: base64(hash) });
  }

  event({ index, hash, leaf, columns, disclosed, proof }: ExportEvent): string {
    this.events += 1;
    return this.line({
      kind: 'event',
      index,
      hash: base64(hash),
      leaf: base64(leaf),
      ...(columns && { columns }),
      ...(disclosed && {
        disclosed: disclosed.map(({ f, value, salt }) => ({ f, value, salt: base64(salt) })),
      }),
      ...(proof && { proof: proof.map(base64) }),
    });
  }

  /** A place in the log whose leaf is not kept any more. */
  gone(index: number, hash: Buffer): string {
    return this.line({ kind: 'gone', index, hash: base64(hash) });
  }

  /** Where a run says that its chain of events ends. */
  run(id: string, events: number, head: Buffer): string {
    return this.line({ kind: 'run', id, events, head: head.toString('hex') });
  }

  /**
   * A document of a bundle.
   *
   * @param recordedIn index of an event in the bundle whose leaf names the document's SHA-256 in hexadecimal. Without
   *   one, nothing vouches for the document but the file it stands in.
   */
  document(name: string, mediaType: string, body: Buffer, recordedIn?: number): string {
    return this.line({
      kind: 'document',
      name,
      mediaType,
      sha256: createHash('sha256').update(body).digest('hex'),
      body: base64(body),
      ...(recordedIn !== undefined && { recordedIn }),
    });
  }

  trailer(): string {
    const sha256 = this.hash.digest('hex');
    return `${canonicalJson({ kind: 'trailer', lines: this.lines, events: this.events, sha256 })}\n`;
  }

  private line(members: object): string {
    const line = `${canonicalJson(members)}\n`;
    this.hash.update(line, 'utf8');
    this.lines += 1;
    return line;
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
