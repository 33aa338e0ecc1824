import crypto from 'node:crypto';
import { openSync, readSync, closeSync } from 'node:fs';
import { Fault } from './fault.js';

/** A line of a file, without its end. */
export interface Line {
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** Whether the file goes on behind it with a line end. */
  readonly isEnded: boolean;
}

const USUAL_BYTES = 262_144;
/** No line may be longer: what is verified must not decide how much memory that takes. */
const MAX_LINE_BYTES = 33_554_432;

/** Reads a file line by line in one piece of memory, and hashes what it has read. */
export class LineReader {
  private readonly hash = crypto.createHash('sha256');
  private buffer = Buffer.alloc(USUAL_BYTES);
  /** Up to where the buffer is hashed, and where in it the present line begins. */
  private hashed = 0;
  private start = 0;

  constructor(private readonly path: string) {}

  /** Each line is there until the next one is asked for. @throws Fault `file_unreadable` */
  *lines(): Generator<Line, void, undefined> {
    const file = this.open();
    try {
      let number = 0;
      let filled = 0;
      for (let count = this.read(file, 0); count > 0; count = this.read(file, filled)) {
        filled += count;
        this.start = 0;
        for (let end = this.endOf(0, filled); end >= 0; end = this.endOf(this.start, filled)) {
          yield { bytes: this.buffer.subarray(this.start, end), number: ++number, isEnded: true };
          this.start = end + 1;
        }
        this.hashUpTo(this.start);
        this.buffer.copyWithin(0, this.start, filled);
        filled -= this.start;
        this.hashed = 0;
        this.makeRoom(filled);
      }
      if (filled > 0) yield { bytes: this.buffer.subarray(0, filled), number: number + 1, isEnded: false };
    } finally {
      closeSync(file);
    }
  }

  /** SHA-256 of every byte before the present line, hexadecimal. */
  hexBefore(): string {
    this.hashUpTo(this.start);
    return this.hash.copy().digest('hex');
  }

  /** Many lines at once: to be called for each costs more than the hash. */
  private hashUpTo(end: number): void {
    if (end > this.hashed) this.hash.update(this.buffer.subarray(this.hashed, end));
    this.hashed = end;
  }

  private open(): number {
    try {
      return openSync(this.path, 'r');
    } catch (error) {
      throw new Fault('file_unreadable', (error as Error).message);
    }
  }

  private read(file: number, at: number): number {
    try {
      return readSync(file, this.buffer, at, this.buffer.length - at, null);
    } catch (error) {
      throw new Fault('file_unreadable', (error as Error).message);
    }
  }

  private endOf(start: number, filled: number): number {
    const end = this.buffer.indexOf(0x0a, start);
    // Behind what was read stands what was there before.
    return end < filled ? end : -1;
  }

  private makeRoom(filled: number): void {
    if (filled < this.buffer.length) return;
    if (filled >= MAX_LINE_BYTES) throw new Fault('line_malformed', 'a line is too long');
    this.buffer = Buffer.concat([this.buffer], this.buffer.length * 2);
  }
}
