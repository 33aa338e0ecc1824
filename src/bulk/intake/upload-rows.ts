import { AppError } from '../../kernel/app-error.js';
import type { RowFault, UploadFormat } from '../batch.js';
import { cellsOf, DELIMITERS, delimiterOf } from './csv-cells.js';
import { CsvColumns } from './csv-columns.js';
import { CsvEnds, LineEnds } from './record-ends.js';
import { type RawRow, RowSplitter } from './row-splitter.js';

/** One row as it was uploaded: a value still to be checked, or why it cannot be read. */
export type UploadedRow =
  { readonly line: number; readonly value: unknown } | { readonly line: number; readonly fault: RowFault };

/**
 * Reads rows as they come in, holding one at a time.
 *
 * @throws AppError VALIDATION_FAILED when the header of a table means nothing; UPLOAD_UNREADABLE; what the bytes throw.
 */
export function readRows(
  format: UploadFormat,
  bytes: AsyncIterable<Buffer>,
  maxRowBytes: number,
): AsyncGenerator<UploadedRow> {
  return format === 'csv' ? csvRows(bytes, maxRowBytes) : ndjsonRows(bytes, maxRowBytes);
}

async function* ndjsonRows(bytes: AsyncIterable<Buffer>, maxRowBytes: number): AsyncGenerator<UploadedRow> {
  for await (const raw of new RowSplitter(new LineEnds(), maxRowBytes).split(bytes)) {
    const text = textOf(raw);
    yield typeof text === 'string' ? { line: raw.line, ...jsonOf(text) } : text;
  }
}

async function* csvRows(bytes: AsyncIterable<Buffer>, maxRowBytes: number): AsyncGenerator<UploadedRow> {
  const ends = new CsvEnds(DELIMITERS.map((delimiter) => delimiter.charCodeAt(0)));
  let header: { columns: CsvColumns; delimiter: string } | undefined;
  for await (const raw of new RowSplitter(ends, maxRowBytes).split(bytes)) {
    const text = textOf(raw);
    if (!header) {
      if (typeof text !== 'string') throw badHeader(text.fault);
      const delimiter = delimiterOf(text);
      ends.delimiters = [delimiter.charCodeAt(0)];
      header = { columns: CsvColumns.of(cellsOf(text, delimiter)), delimiter };
    } else if (typeof text === 'string') {
      const cells = cellsOf(text, header.delimiter);
      if (cells.every((cell) => cell === '')) continue;
      const read = header.columns.rowOf(cells);
      yield 'row' in read ? { line: raw.line, value: read.row } : { line: raw.line, ...read };
    } else yield text;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(raw: RawRow): string | { line: number; fault: RowFault } {
  if ('fault' in raw) return raw;
  try {
    return utf8.decode(raw.bytes);
  } catch {
    return { line: raw.line, fault: malformed('is not valid UTF-8') };
  }
}

function jsonOf(text: string): { value: unknown } | { fault: RowFault } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: malformed('is not valid JSON') };
  }
}

function malformed(message: string): RowFault {
  return { code: 'ROW_MALFORMED', errors: [{ path: '', message }] };
}

function badHeader({ code, errors }: RowFault): AppError {
  const message = errors?.[0]?.message ?? code;
  return new AppError('VALIDATION_FAILED', { errors: [{ path: 'header', message }] });
}
