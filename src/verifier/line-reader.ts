import crypto from 'node:crypto';
import { openSync, readSync, closeSync } from 'node:fs';
import { Fault } from './fault.js';

/** A line of a file, without its end. */
export interface Line {
  readonly bytes: Buffer;
  /** The same with its line end. */
  readonly whole: Buffer;
  /** From 1. */
  readonly number: number;
  /** Whether the file goes on behind it with a line end. */
  readonly isEnded: boolean;
}

const CHUNK_BYTES = 1_048_576;
/** No line may be longer: what is verified must not decide how much memory that takes. */
const MAX_LINE_BYTES = 64 * 1_048_576;

/** Reads a file line by line, holding one chunk or one line of it, and hashes what it has read. */
export class LineReader {
  private readonly hash = crypto.createHash('sha256');

  constructor(private readonly path: string) {}

  /** @throws Fault `file_unreadable` */
  *lines(): Generator<Line, void, undefined> {
    const file = this.open();
    try {
      let rest: Buffer = Buffer.alloc(0);
      let number = 0;
      for (;;) {
        const chunk = this.read(file);
        if (chunk.length === 0) break;
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        let start = 0;
        for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a, start)) {
          const whole = rest.subarray(start, end + 1);
          yield { bytes: whole.subarray(0, -1), whole, number: ++number, isEnded: true };
          start = end + 1;
        }
        rest = rest.subarray(start);
        if (rest.length > MAX_LINE_BYTES) throw new Fault('line_malformed', 'the line is too long');
      }
      if (rest.length > 0) yield { bytes: rest, whole: rest, number: number + 1, isEnded: false };
    } finally {
      closeSync(file);
    }
  }

  /** Counts a line as read. The trailer speaks of the lines before it, so it is not counted itself. */
  digest(line: Line): void {
    this.hash.update(line.whole);
  }

  /** SHA-256 of every byte of the lines counted, hexadecimal. */
  hex(): string {
    return this.hash.copy().digest('hex');
  }

  private open(): number {
    try {
      return openSync(this.path, 'r');
    } catch (error) {
      throw new Fault('file_unreadable', (error as Error).message);
    }
  }

  private read(file: number): Buffer {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    try {
      return chunk.subarray(0, readSync(file, chunk));
    } catch (error) {
      throw new Fault('file_unreadable', (error as Error).message);
    }
  }
}
