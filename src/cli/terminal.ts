import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** Columns every layout fits into. */
export const WIDTH = 100;

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

/** Where a command writes. Colours appear only on a terminal that wants them (NO_COLOR is honoured). */
export class Terminal {
  constructor(
    private readonly out: Writable = process.stdout,
    private readonly err: Writable = process.stderr,
  ) {}

  /** Writes lines of results. */
  print(text = ''): void {
    this.out.write(`${printable(text)}\n`);
  }

  /** Writes lines about a fault. */
  complain(text: string): void {
    this.err.write(`${printable(text)}\n`);
  }

  style(style: Style | readonly Style[], text: string): string {
    return styleText(style as Style, text, { stream: this.out });
  }
}

/**
 * Takes away every control character but line breaks and colours: what a model or a recipient
 * wrote must not be able to move the cursor or rename the window.
 */
function printable(text: string): string {
  return text.replaceAll(/\u001B(?!\[[0-9;]*m)|[\u0000-\u0009\u000B-\u001A\u001C-\u001F\u007F-\u009F]/g, '');
}
