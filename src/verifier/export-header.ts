import { isObject, type Members } from './canonical.js';
import { Fault } from './fault.js';

const EXPORT_FORMAT = 'countersign-export/1';

/** `log`: a stretch of the log without gaps. `filtered`: some events with a proof each. `bundle`: that with documents. */
export type ExportType = 'log' | 'filtered' | 'bundle';

/** What the first line says. Nothing of it is believed: what can be checked is, the rest is not used. */
export interface ExportHeader {
  readonly type: ExportType;
  readonly origin: string;
  readonly log: string;
  readonly treeSize: number;
  readonly from: number;
  readonly to: number;
  readonly filters: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly vkeys: readonly string[];
}

const TYPES: readonly unknown[] = ['log', 'filtered', 'bundle'] satisfies ExportType[];
const FILTERS = new Set(['runId', 'sessionId', 'actor', 'type', 'from', 'to']);

/** @throws Fault `not_an_export` or `format_unknown`. */
export function parseHeader(members: Members): ExportHeader {
  if (members['format'] !== EXPORT_FORMAT) {
    throw new Fault('format_unknown', `the format is not ${EXPORT_FORMAT}`, { line: 1 });
  }
  const { type, origin, log, treeSize, from, to, filters, createdAt, vkeys } = members;
  if (
    !TYPES.includes(type) ||
    !isText(origin) ||
    !isText(log) ||
    !isCount(treeSize) ||
    !isCount(from) ||
    !isCount(to) ||
    from > to ||
    to > treeSize ||
    !isObject(filters) ||
    !Object.entries(filters).every(([name, value]) => FILTERS.has(name) && isText(value)) ||
    !isInstant(createdAt) ||
    !Array.isArray(vkeys) ||
    !vkeys.every(isText)
  ) {
    throw new Fault('not_an_export', 'the header does not say what a header must', { line: 1 });
  }
  return {
    type: type as ExportType,
    origin,
    log,
    treeSize,
    from,
    to,
    filters: filters as Record<string, string>,
    createdAt,
    vkeys,
  };
}

/** A whole number from 0 that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** UTC with milliseconds, as it is written everywhere. */
export function isInstant(value: unknown): value is string {
  return typeof value === 'string' && INSTANT.test(value) && !Number.isNaN(Date.parse(value));
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
