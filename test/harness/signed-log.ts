import { createHash } from 'node:crypto';
import { type AuditFact, buildAuditRecord, type RunChain } from '../../src/compliance/audit/audit-leaf.js';
import { type ExportType, ExportWriter } from '../../src/compliance/audit/export/export-writer.js';
import { newId } from '../../src/kernel/ids.js';
import type { SigningKey } from './signing-key.js';

/** An event of a log of a test, as it is sealed. */
export interface SealedEvent {
  readonly leaf: Buffer;
  /** What stands in the log, whatever has become of the leaf. */
  readonly hash: Buffer;
  /** Columns beside the leaf that say something else than it does. */
  readonly columns?: Readonly<Record<string, unknown>>;
}

interface ExportOptions {
  readonly type?: ExportType;
  readonly from?: number;
  readonly to?: number;
  readonly treeSize?: number;
  readonly filters?: Readonly<Record<string, string>>;
  /** Which events a filtered export holds. */
  readonly indexes?: readonly number[];
  readonly gone?: readonly number[];
  readonly checkpoints?: readonly number[];
  readonly consistentWith?: readonly number[];
  readonly documents?: readonly { name: string; body: Buffer; recordedIn?: number }[];
  readonly withRuns?: boolean;
  readonly note?: string;
}

/**
 * A Merkle log in memory, written plainly from RFC 6962, so that tests can seal what they like: a log, its checkpoints,
 * proofs and exports.
 */
export class SignedLog {
  readonly events: SealedEvent[] = [];
  private readonly chains = new Map<string, RunChain>();

  constructor(
    readonly key: SigningKey,
    readonly tenantId = newId(),
    private readonly witnesses: readonly SigningKey[] = [],
  ) {}

  get size(): number {
    return this.events.length;
  }

  /** Records one more event, of a run where one is named. */
  append(fact: Partial<AuditFact> = {}, runId?: string, occurredAt = new Date()): SealedEvent {
    const chain = runId
      ? (this.chains.get(runId) ?? { runId, seq: 0, head: null, phase: 'REVIEW' })
      : undefined;
    const record = buildAuditRecord(
      this.tenantId,
      {
        type: 'workflow.transition',
        outcome: 'success',
        actor: { type: 'system', ref: 'engine' },
        ...(runId && !fact.type ? { change: { from: 'REVIEW', to: 'DELIVERY' } } : {}),
        ...fact,
      } as AuditFact,
      occurredAt,
      chain,
    );
    if (chain) this.chains.set(chain.runId, { ...chain, seq: chain.seq + 1, head: record.leafHash });
    const event = { leaf: record.leaf, hash: record.leafHash };
    this.events.push(event);
    return event;
  }

  /** Root of the events from one index to another. */
  root(from = 0, to = this.size): Buffer {
    if (to === from) return sha256();
    if (to - from === 1) return this.events[from]?.hash ?? sha256();
    const split = from + 2 ** (Math.ceil(Math.log2(to - from)) - 1);
    return sha256(Buffer.of(1), this.root(from, split), this.root(split, to));
  }

  inclusion(index: number, from = 0, to = this.size): Buffer[] {
    if (to - from === 1) return [];
    const split = from + 2 ** (Math.ceil(Math.log2(to - from)) - 1);
    return index < split
      ? [...this.inclusion(index, from, split), this.root(split, to)]
      : [...this.inclusion(index, split, to), this.root(from, split)];
  }

  consistency(first: number, to = this.size, from = 0, isWhole = true): Buffer[] {
    if (first === to) return isWhole ? [] : [this.root(from, to)];
    const split = from + 2 ** (Math.ceil(Math.log2(to - from)) - 1);
    return first <= split
      ? [...this.consistency(first, split, from, isWhole), this.root(split, to)]
      : [...this.consistency(first, to, split, false), this.root(from, split)];
  }

  /** The signed checkpoint of a size. */
  note(size = this.size, key = this.key, origin = this.key.name): string {
    const text = `${origin}\n${size}\n${this.root(0, size).toString('base64')}\n`;
    return `${text}\n${key.sign(text)}${this.witnesses.map((witness) => witness.sign(text)).join('')}`;
  }

  /** An export as the product writes it. */
  export(options: ExportOptions = {}): string {
    const { type = 'log', treeSize = this.size, from = 0, to = treeSize, filters = {} } = options;
    const writer = new ExportWriter();
    const lines = [
      writer.header({
        type,
        origin: this.key.name,
        log: this.tenantId,
        treeSize,
        from,
        to,
        filters,
        createdAt: new Date('2026-11-28T12:00:00.000Z'),
        vkeys: [this.key.vkey],
      }),
      writer.checkpoint(options.note ?? this.note(treeSize)),
      ...(options.consistentWith ?? []).map((size) =>
        writer.consistency(size, this.root(0, size), this.consistency(size, treeSize)),
      ),
      ...(options.documents ?? []).map(({ name, body, recordedIn }) =>
        writer.document(name, 'application/json', body, recordedIn),
      ),
      ...(type === 'log' ? this.nodes(writer, 0, from) : []),
    ];
    const indexes = options.indexes ?? Array.from({ length: to - from }, (_, at) => from + at);
    for (const index of indexes) {
      lines.push(this.eventLine(writer, index, type === 'log' ? undefined : treeSize, options.gone));
      if (options.checkpoints?.includes(index + 1)) lines.push(writer.checkpoint(this.note(index + 1)));
    }
    if (type === 'log') lines.push(...this.nodes(writer, to, treeSize));
    if (options.withRuns ?? true) lines.push(...this.runLines(writer));
    return [...lines, writer.trailer()].join('');
  }

  private eventLine(
    writer: ExportWriter,
    index: number,
    treeSize: number | undefined,
    gone?: readonly number[],
  ) {
    const { leaf, hash, columns } = this.events[index] as SealedEvent;
    if (gone?.includes(index)) return writer.gone(index, hash);
    return writer.event({
      index,
      hash,
      leaf,
      columns: { ...columnsOf(leaf), ...columns },
      ...(treeSize === undefined ? {} : { proof: this.inclusion(index, 0, treeSize) }),
    });
  }

  /** Hashes of the largest whole subtrees between two places. */
  private nodes(writer: ExportWriter, from: number, to: number): string[] {
    const lines: string[] = [];
    for (let at = from; at < to;) {
      let level = 0;
      while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level += 1;
      lines.push(writer.node(level, at / 2 ** level, this.root(at, at + 2 ** level)));
      at += 2 ** level;
    }
    return lines;
  }

  private runLines(writer: ExportWriter): string[] {
    return [...this.chains.values()].map(({ runId, seq, head }) => writer.run(runId, seq, head as Buffer));
  }
}

/** Hash of a leaf, RFC 6962. */
export function leafHash(leaf: Buffer): Buffer {
  return sha256(Buffer.of(0), leaf);
}

function columnsOf(leaf: Buffer) {
  const { id, type, outcome, occurredAt, actor, session, run } = JSON.parse(leaf.toString('utf8'));
  return {
    id,
    type,
    outcome,
    occurredAt,
    actorType: actor.type,
    actorRef: actor.ref,
    sessionId: session ?? null,
    runId: run?.id ?? null,
    runSeq: run?.seq ?? null,
    runPrev: run?.prev ?? null,
  };
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
