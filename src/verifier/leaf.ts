import { decodeUtf8 } from './bytes.js';
import { isObject, type Members, parseCanonicalObject } from './canonical.js';
import { isCount, isInstant } from './export-header.js';
import { Fault } from './fault.js';

/** A recorded event, read from its exact bytes. */
export interface Leaf {
  readonly id: string;
  readonly members: Members;
  readonly run: RunPlace | undefined;
}

/** Where an event stands in the chain of its run. */
export interface RunPlace {
  readonly id: string;
  /** From 1. */
  readonly seq: number;
  /** Hash of the leaf before it, hexadecimal; null for the first. */
  readonly prev: string | null;
}

const MAX_LEAF_BYTES = 16_384;

/**
 * @param log the log it must belong to, where one is known: events of other tenants have no place in it.
 * @throws Fault `leaf_malformed` or `foreign_log`.
 */
export function parseLeaf(bytes: Buffer, log?: string): Leaf {
  if (bytes.length > MAX_LEAF_BYTES) throw new Fault('leaf_malformed', 'the leaf is larger than 16 KiB');
  const text = decodeUtf8(bytes);
  const members = text === undefined ? undefined : parseCanonicalObject(text);
  if (!members) throw new Fault('leaf_malformed', 'the leaf is not an object in canonical JSON (RFC 8785)');
  const { v, id, type, outcome, occurredAt, actor } = members;
  if (
    v !== 1 ||
    typeof id !== 'string' ||
    typeof type !== 'string' ||
    typeof outcome !== 'string' ||
    !isInstant(occurredAt) ||
    !isObject(actor)
  ) {
    throw new Fault('leaf_malformed', 'the leaf does not say what every leaf must');
  }
  if (log !== undefined && members['log'] !== log) {
    throw new Fault('foreign_log', 'the event belongs to the log of another tenant', { eventId: id });
  }
  return { id, members, run: runPlace(members['run'], id) };
}

function runPlace(run: unknown, eventId: string): RunPlace | undefined {
  if (run === undefined) return undefined;
  if (isObject(run)) {
    const { id, seq, prev = null } = run;
    if (typeof id === 'string' && isCount(seq) && seq > 0 && (prev === null || typeof prev === 'string')) {
      return { id, seq, prev };
    }
  }
  throw new Fault('leaf_malformed', 'the leaf does not tell its place in its run', { eventId });
}
