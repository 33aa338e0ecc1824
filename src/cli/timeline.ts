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
      line.calls === 0 ? '' : String(line.calls),
      duration(coveredMs(line.spans) || line.sumMs),
      [...line.results].join(', '),
    ]),
    [2, 3],
  );
}

type Span = readonly [start: number, end: number];

interface Line {
  readonly phase: string;
  readonly what: string;
  /** Calls of the agent; approvals and deliveries have none. */
  readonly calls: number;
  readonly sumMs: number;
  /** When it was at work. */
  readonly spans: readonly Span[];
  readonly results: ReadonlySet<string>;
}

function added(line: Line | undefined, item: HistoryItem, what: string): Line {
  const spans: Span[] =
    item.startedAt && item.endedAt ? [[Date.parse(item.startedAt), Date.parse(item.endedAt)]] : [];
  const result = `${item.status.toLowerCase()}${item.degraded ? ' (fallback)' : ''}`;
  return {
    phase: item.phase,
    what,
    calls: (line?.calls ?? 0) + (item.kind === 'step' ? (item.detail?.calls ?? 1) : 0),
    sumMs: (line?.sumMs ?? 0) + (item.durationMs ?? 0),
    spans: [...(line?.spans ?? []), ...spans],
    results: new Set([...(line?.results ?? []), result]),
  };
}

/** How long at least one of the spans lasted: calls of a fan-out overlap, rounds of a review do not. */
function coveredMs(spans: readonly Span[]): number {
  let covered = 0;
  let until = -Infinity;
  for (const [start, end] of spans.toSorted(([left], [right]) => left - right)) {
    covered += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return covered;
}
