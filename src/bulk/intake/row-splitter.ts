import { AppError } from '../../kernel/app-error.js';
import type { RowFault } from '../batch.js';
import { BROKEN, type RecordEnds, UNFINISHED } from './record-ends.js';

/** One row of an upload as bytes, or why there is none. `line` is where it begins, from 1. */
export type RawRow =
  { readonly line: number; readonly bytes: Buffer } | { readonly line: number; readonly fault: RowFault };

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Each costs reading up to one row's size a second time. A file with more of them is no table. */
const MAX_REREADS = 64;

/**
 * Cuts a stream of bytes into rows while holding one row at most. A row that is too large or broken gives a fault and
 * costs nothing but its own line: where a quote is not closed, reading goes on in the line after it.
 */
export class RowSplitter {
  private buffer: Buffer = NOTHING;
  /** How far the buffer has been looked through. */
  private scanned = 0;
  private line = 1;
  private skipping = false;
  private rereads = 0;
  private begun = false;

  constructor(
    private readonly ends: RecordEnds,
    private readonly maxRowBytes: number,
  ) {}

  /** @throws AppError UPLOAD_UNREADABLE when too many quotes are not closed. */
  async *split(chunks: AsyncIterable<Buffer>): AsyncGenerator<RawRow> {
    for await (const chunk of chunks) {
      // The row under way is brought to its end first, so that no more than its bytes are copied.
      for (const piece of this.buffer.length === 0 ? [chunk] : atFirstNewline(chunk)) {
        this.buffer = this.buffer.length === 0 ? piece : Buffer.concat([this.buffer, piece]);
        if (!this.begun && this.buffer.length < MARK.length) continue;
        this.dropMark();
        yield* this.rows(false);
      }
    }
    this.dropMark();
    yield* this.rows(true);
  }

  /** A byte order mark says nothing in UTF-8. */
  private dropMark(): void {
    if (!this.begun && this.buffer.indexOf(MARK) === 0) this.buffer = this.buffer.subarray(MARK.length);
    this.begun = true;
  }

  private *rows(isLast: boolean): Generator<RawRow> {
    while (this.buffer.length > 0) {
      if (this.skipping && !this.skipLine()) return;
      const found = this.ends.find(this.buffer, this.scanned);
      const end = found === UNFINISHED && isLast ? this.buffer.length : found;
      if (found === BROKEN) yield this.brokenRow('a quote ends inside a cell');
      else if (this.isTooLarge(end)) yield this.largeRow();
      else if (end === UNFINISHED) {
        this.scanned = this.buffer.length;
        return;
      } else if (found === UNFINISHED && this.ends.isQuoting) yield this.brokenRow('a quote is not closed');
      else yield* this.takeRow(end);
    }
  }

  private isTooLarge(end: number): boolean {
    if (end !== UNFINISHED) return withoutReturn(this.buffer.subarray(0, end)).length > this.maxRowBytes;
    // The last byte may be half of the row's end.
    return this.buffer.length > this.maxRowBytes + 1;
  }

  private *takeRow(end: number): Generator<RawRow> {
    const line = this.line;
    const bytes = withoutReturn(this.buffer.subarray(0, end));
    this.advance(end);
    if (!isBlank(bytes)) yield { line, bytes };
  }

  /** Of several lines only the first is given up: the others may be rows that a forgotten quote has swallowed. */
  private largeRow(): RawRow {
    const end = this.buffer.indexOf(NEWLINE);
    if (end >= 0 && end <= this.maxRowBytes) {
      this.scanned = this.buffer.length;
      return this.brokenRow('a quote is not closed, or the row is too large');
    }
    const line = this.line;
    this.skipping = true;
    return { line, fault: tooLarge(this.maxRowBytes) };
  }

  private brokenRow(message: string): RawRow {
    const line = this.line;
    const end = this.buffer.indexOf(NEWLINE);
    if (end < 0) this.skipping = true;
    else {
      if (this.scanned > end && ++this.rereads > MAX_REREADS) throw tooBroken(line);
      this.advance(end);
    }
    return { line, fault: { code: 'ROW_MALFORMED', errors: [{ path: '', message }] } };
  }

  /** Drops what is left of a line; false when its end has not come in yet. */
  private skipLine(): boolean {
    const end = this.buffer.indexOf(NEWLINE);
    this.skipping = end < 0;
    this.advance(end < 0 ? this.buffer.length : end);
    return end >= 0;
  }

  /** Drops everything up to the end of a row, and the newline there. */
  private advance(end: number): void {
    const next = Math.min(end + 1, this.buffer.length);
    for (
      let at = this.buffer.indexOf(NEWLINE);
      at >= 0 && at < next;
      at = this.buffer.indexOf(NEWLINE, at + 1)
    )
      this.line++;
    this.buffer = this.buffer.subarray(next);
    this.scanned = 0;
    this.ends.reset();
  }
}

function atFirstNewline(chunk: Buffer): Buffer[] {
  const next = chunk.indexOf(NEWLINE) + 1;
  return [chunk.subarray(0, next || chunk.length), chunk.subarray(next || chunk.length)];
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === RETURN);
}

function tooLarge(maxRowBytes: number): RowFault {
  return { code: 'ROW_TOO_LARGE', detail: `A row may have ${maxRowBytes} bytes.` };
}

function tooBroken(line: number): AppError {
  return new AppError('UPLOAD_UNREADABLE', {
    detail: `More than ${MAX_REREADS} quotes are not closed, the last in line ${line}.`,
  });
}
