import { AppError, type FieldError } from '../../kernel/app-error.js';
import type { RowFault } from '../batch.js';

const MAX_COLUMNS = 1_000;
const MAX_INDEX = 999;
const MAX_DEPTH = 16;
const NAME = /^[A-Za-z_][\w-]{0,63}$/;
const INDEX = /^\d{1,3}$/;
/** Names that an object has of itself. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const OWN_FIELDS = new Set(['definition', 'version', 'sessionId', 'idempotencyKey']);
const JSON_SUFFIX = ':json';

interface Column {
  readonly title: string;
  /** Where its cells go in the row: `['input', 'recipients', '0', 'name']`. */
  readonly path: readonly string[];
  /** Whether its cells are JSON instead of text. */
  readonly isJson: boolean;
}

type Branch = { [key: string]: unknown } | unknown[];

/** What the columns of a table mean, by their titles. */
export class CsvColumns {
  private constructor(private readonly columns: readonly Column[]) {}

  /** @throws AppError VALIDATION_FAILED with every title that means nothing. */
  static of(titles: readonly string[]): CsvColumns {
    if (titles.length > MAX_COLUMNS)
      throw refused([{ path: 'header', message: `has more than ${MAX_COLUMNS} columns` }]);
    const columns = titles.map(columnOf);
    const errors = [...columns.flatMap(titleErrors), ...contradictions(columns)];
    if (errors.length > 0) throw refused(errors.slice(0, 100));
    return new CsvColumns(columns);
  }

  /** The row that cells make, to be checked as any other. Empty cells are left out. */
  rowOf(cells: readonly string[]): { readonly row: unknown } | { readonly fault: RowFault } {
    if (cells.length > this.columns.length) {
      return malformed('', `has ${cells.length} cells, the header has ${this.columns.length}`);
    }
    const row: { [key: string]: unknown } = { input: {} };
    for (const [index, text] of cells.entries()) {
      const column = this.columns[index] as Column;
      if (text === '') continue;
      const value = column.isJson ? parsed(text) : column.path[0] === 'version' ? numberOf(text) : text;
      if (value === undefined) return malformed(column.title, 'is not valid JSON');
      put(row, column.path, value);
    }
    compact(row);
    return { row };
  }
}

function columnOf(title: string): Column {
  const isJson = title.endsWith(JSON_SUFFIX);
  const name = isJson ? title.slice(0, -JSON_SUFFIX.length) : title;
  return { title, path: pathOf(name), isJson };
}

function pathOf(name: string): readonly string[] {
  if (OWN_FIELDS.has(name)) return [name];
  if (name.startsWith('attribute.')) return ['attributes', name.slice('attribute.'.length)];
  return ['input', ...(name.startsWith('input.') ? name.slice('input.'.length) : name).split('.')];
}

/** By position, because a title that means nothing may be a value that stands in its place. */
function titleErrors({ path, isJson }: Column, index: number): FieldError[] {
  const place = `header.${index + 1}`;
  if (path[0] !== 'input') return isJson ? [{ path: place, message: 'is always text' }] : [];
  const keys = path.slice(1);
  const isName = (key: string) => (NAME.test(key) && !FORBIDDEN.has(key)) || INDEX.test(key);
  if (!keys.every(isName) || INDEX.test(keys[0] ?? '')) {
    return [
      { path: place, message: `is not a dotted path into the input (names, and indexes up to ${MAX_INDEX})` },
    ];
  }
  return keys.length > MAX_DEPTH ? [{ path: place, message: `is deeper than ${MAX_DEPTH} levels` }] : [];
}

/** Titles of which one is inside another, or that take one place for a list and for an object. */
function contradictions(columns: readonly Column[]): FieldError[] {
  const kinds = new Map<string, string>();
  const errors: FieldError[] = [];
  for (const [index, { path }] of columns.entries()) {
    const clashes = path.some((_key, depth) => {
      const next = path[depth + 1];
      const kind = next === undefined ? `cell ${index}` : depth > 0 && INDEX.test(next) ? 'list' : 'object';
      const place = JSON.stringify(path.slice(0, depth + 1));
      const known = kinds.get(place) ?? kind;
      kinds.set(place, known);
      return known !== kind;
    });
    if (clashes) errors.push({ path: `header.${index + 1}`, message: 'contradicts a column before it' });
  }
  return errors;
}

function put(row: Branch, path: readonly string[], value: unknown): void {
  let branch = row as Record<string, unknown>;
  for (const [depth, key] of path.entries()) {
    const next = path[depth + 1];
    if (next === undefined) branch[key] = value;
    else branch = (branch[key] ??= depth > 0 && INDEX.test(next) ? [] : {}) as Record<string, unknown>;
  }
}

/** Closes the holes that empty cells leave in lists. */
function compact(branch: Branch): void {
  for (const [key, value] of Object.entries(branch)) {
    if (typeof value !== 'object' || value === null) continue;
    compact(value as Branch);
    if (Array.isArray(value)) (branch as Record<string, unknown>)[key] = value.filter(() => true);
  }
}

/** A version that is no number is told as the fault of its field. */
function numberOf(text: string): unknown {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function malformed(path: string, message: string): { fault: RowFault } {
  return { fault: { code: 'ROW_MALFORMED', errors: [{ path, message }] } };
}

function refused(errors: readonly FieldError[]): AppError {
  return new AppError('VALIDATION_FAILED', { detail: 'The header of the table cannot be used.', errors });
}
