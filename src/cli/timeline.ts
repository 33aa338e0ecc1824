import type { HistoryItem } from './api-types.js';
import { duration, table } from './layout.js';

/** A run's history as a table: one line per agent and phase, calls of one fan-out put together. */
export function timeline(history: readonly HistoryItem[]): string[] {
  const lines = new Map<string, Line>();
  for (const item of history) {
    if (item.kind === 'transition' || item.kind === 'control') continue;
    const what = item.agent ?? item.kind;
    const key = `${item.phase} ${what}`;
    lines.set(key, added(lines.get(key), item, what));
  }
  return table(
    ['phase', 'what', 'calls', 'duration', 'result'],
    [...lines.values()].map((line) => [
      line.phase,
      line.what,
      String(line.calls),
      duration(line.end > line.start ? line.end - line.start : line.sumMs),
      [...line.results].join(', '),
    ]),
    [2, 3],
  );
}

interface Line {
  readonly phase: string;
  readonly what: string;
  readonly calls: number;
  readonly sumMs: number;
  /** From the first start to the last end: calls of a fan-out overlap. */
  readonly start: number;
  readonly end: number;
  readonly results: ReadonlySet<string>;
}

function added(line: Line | undefined, item: HistoryItem, what: string): Line {
  const start = item.startedAt ? Date.parse(item.startedAt) : Infinity;
  const end = item.endedAt ? Date.parse(item.endedAt) : -Infinity;
  const result = `${item.status.toLowerCase()}${item.degraded ? ' (fallback)' : ''}`;
  return {
    phase: item.phase,
    what,
    calls: (line?.calls ?? 0) + (item.detail?.calls ?? 1),
    sumMs: (line?.sumMs ?? 0) + (item.durationMs ?? 0),
    start: Math.min(line?.start ?? Infinity, start),
    end: Math.max(line?.end ?? -Infinity, end),
    results: new Set([...(line?.results ?? []), result]),
  };
}
