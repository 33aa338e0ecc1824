import { createHash } from 'node:crypto';
import { canonicalJson } from '../../src/kernel/canonical-json.js';

/** A line of an export, open to be changed. */
export type Forgeable = Record<string, unknown> & { kind: string };

/** Changes lines of an export the way a careful forger would: written canonically, with a trailer that fits. */
export function forge(text: string, change: (lines: Forgeable[]) => Forgeable[] | void): string {
  const lines = linesOf(text).slice(0, -1);
  return sealed(change(lines) ?? lines);
}

/** The lines of an export. */
export function linesOf(text: string): Forgeable[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Forgeable);
}

/** Lines with the trailer that belongs to them. */
export function sealed(lines: readonly Forgeable[]): string {
  const text = lines.map((line) => `${canonicalJson(line)}\n`).join('');
  const events = lines.filter(({ kind }) => kind === 'event').length;
  const sha256 = createHash('sha256').update(text).digest('hex');
  return `${text}${canonicalJson({ kind: 'trailer', lines: lines.length, events, sha256 })}\n`;
}

/** The event lines among others, in order. */
export function eventsOf(lines: readonly Forgeable[]): Forgeable[] {
  return lines.filter(({ kind }) => kind === 'event');
}
