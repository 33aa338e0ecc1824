/** The end of the row is not in what there is yet. */
export const UNFINISHED = -1;
/** What there is cannot be a row, whatever comes. */
export const BROKEN = -2;

/** Finds where rows end. */
export interface RecordEnds {
  /** Index of the newline that ends the row, {@link UNFINISHED} or {@link BROKEN}; `from` is where the last look ended. */
  find(buffer: Buffer, from: number): number;
  /** A new row begins. */
  reset(): void;
  /** Whether the look ended inside quotes. */
  readonly isQuoting: boolean;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;

/** Every newline ends a row. */
export class LineEnds implements RecordEnds {
  readonly isQuoting = false;

  find(buffer: Buffer, from: number): number {
    return buffer.indexOf(NEWLINE, from);
  }

  reset(): void {
    // Nothing is remembered of a row.
  }
}

type Place = 'cell-start' | 'plain' | 'quoted' | 'after-quote' | 'after-cell';

/** A newline ends a row unless it stands inside quotes (RFC 4180). Blanks around a quoted cell are let pass. */
export class CsvEnds implements RecordEnds {
  private place: Place = 'cell-start';

  /** @param delimiters bytes that separate cells: all that are possible until the header has shown which one it is. */
  constructor(public delimiters: readonly number[]) {}

  get isQuoting(): boolean {
    return this.place === 'quoted';
  }

  find(buffer: Buffer, from: number): number {
    for (let at = from; at < buffer.length; at++) {
      const byte = buffer[at] as number;
      if (this.place === 'quoted') {
        const close = byte === QUOTE ? at : buffer.indexOf(QUOTE, at);
        if (close < 0) return UNFINISHED;
        at = close;
        this.place = 'after-quote';
      } else if (byte === NEWLINE) return at;
      else if (this.delimiters.includes(byte)) this.place = 'cell-start';
      else if (!this.step(byte)) return BROKEN;
    }
    return UNFINISHED;
  }

  reset(): void {
    this.place = 'cell-start';
  }

  /** Takes one byte that is neither newline nor delimiter, outside quotes; false when it must not stand there. */
  private step(byte: number): boolean {
    const isBlank = byte === SPACE || byte === TAB || byte === RETURN;
    switch (this.place) {
      case 'cell-start':
        if (!isBlank) this.place = byte === QUOTE ? 'quoted' : 'plain';
        return true;
      case 'after-quote':
        // Two quotes are one quote of the text.
        this.place = byte === QUOTE ? 'quoted' : 'after-cell';
        return byte === QUOTE || isBlank;
      case 'after-cell':
        return isBlank;
      default:
        return true;
    }
  }
}
