import { decodeUtf8 } from './bytes.js';
import { type Members, parseCanonicalObject } from './canonical.js';
import { Fault } from './fault.js';
import type { Line } from './line-reader.js';

/** What each kind of line must hold, and what it may hold besides. Nothing else is allowed. */
const KINDS: Readonly<Record<string, { readonly must: readonly string[]; readonly may: readonly string[] }>> =
  {
    header: {
      must: [
        'kind',
        'format',
        'type',
        'origin',
        'log',
        'treeSize',
        'from',
        'to',
        'filters',
        'createdAt',
        'vkeys',
      ],
      may: [],
    },
    checkpoint: { must: ['kind', 'note'], may: [] },
    consistency: { must: ['kind', 'size', 'rootHash', 'proof'], may: [] },
    node: { must: ['kind', 'level', 'index', 'hash'], may: [] },
    event: { must: ['kind', 'index', 'hash', 'leaf'], may: ['columns', 'disclosed', 'proof'] },
    gone: { must: ['kind', 'index', 'hash'], may: [] },
    run: { must: ['kind', 'id', 'events', 'head'], may: [] },
    document: { must: ['kind', 'name', 'mediaType', 'sha256', 'body'], may: ['recordedIn'] },
    trailer: { must: ['kind', 'lines', 'events', 'sha256'], may: [] },
  };

const ALLOWED = new Map(
  Object.entries(KINDS).map(([kind, { must, may }]) => [kind, new Set([...must, ...may])]),
);

/** A line of an export, whose members are those of its kind; their values are still to be checked. */
export interface ExportLine {
  readonly kind: string;
  readonly members: Members;
}

/** @throws Fault `line_malformed` unless it is one canonical object of a known kind; `trailer_missing` when it has no end. */
export function parseExportLine({ bytes, number, isEnded }: Line): ExportLine {
  if (!isEnded) {
    throw new Fault('trailer_missing', 'the file ends in the middle of a line: it was cut', { line: number });
  }
  const text = decodeUtf8(bytes);
  const members = text === undefined ? undefined : parseCanonicalObject(text);
  if (!members) {
    throw new Fault('line_malformed', 'the line is not an object in canonical JSON', { line: number });
  }
  const { kind } = members;
  const allowed = typeof kind === 'string' ? ALLOWED.get(kind) : undefined;
  if (typeof kind !== 'string' || !allowed) {
    throw new Fault('line_malformed', 'the line is of no known kind', { line: number });
  }
  const foreign = Object.keys(members).find((key) => !allowed.has(key));
  const missing = KINDS[kind]?.must.find((key) => !(key in members));
  if (foreign !== undefined || missing !== undefined) {
    const what = foreign === undefined ? `lacks "${missing}"` : `has "${foreign}"`;
    throw new Fault('line_malformed', `a line of kind ${kind} ${what}`, { line: number });
  }
  return { kind, members };
}
