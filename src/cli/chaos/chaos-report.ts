import { duration } from '../layout.js';
import { type Finding, RULES } from './check-history.js';
import type { ChaosHistory } from './chaos-history.js';

/** What a trial found. `findings` empty = clean. */
export interface ChaosReport {
  /** Repeats the same injuries in the same order. */
  readonly seed: number;
  readonly clean: boolean;
  readonly findings: readonly Finding[];
  readonly runs: number;
  readonly steps: number;
  readonly transitions: number;
  readonly approvals: number;
  readonly deliveries: number;
  /** Messages whose hand-over was cut off, and that the channel was asked about: each was settled. */
  readonly repeatedHandOvers: number;
  /** Messages nobody knows the fate of; a finding with the outbox. */
  readonly uncertainDeliveries: number;
  readonly auditEvents: number;
  /** Injuries by kind. */
  readonly injuries: Readonly<Record<string, number>>;
  /** How often a process found that its work had been taken over, and gave way. */
  readonly yielded: number;
  readonly takeOvers: Quantiles;
  /** From the kill of Postgres, its absence included, to the next commit. */
  readonly recoveries: Quantiles;
  readonly durationMs: number;
}

/** Times in milliseconds. */
export interface Quantiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** How fast the work of a dead worker should be in other hands. */
const TAKE_OVER_TARGET_MS = 15_000;
const SHOWN_FINDINGS = 50;

/** What is counted in the rows themselves. */
export function countsOf(history: ChaosHistory) {
  return {
    runs: history.runs.length,
    steps: history.steps.length,
    transitions: history.transitions.length,
    approvals: history.decisions.length,
    deliveries: history.deliveries.length,
    repeatedHandOvers: history.deliveries.filter(({ attempts }) => attempts > 1).length,
    uncertainDeliveries: history.deliveries.filter(({ status }) => status === 'uncertain').length,
    auditEvents: history.audit.checkedEvents,
  };
}

/** The value below which a share of the times lie, by nearest rank. */
export function quantilesOf(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

/** The report as a person reads it. */
export function reportLines(report: ChaosReport): string[] {
  const { injuries, takeOvers, recoveries } = report;
  const kinds = Object.entries(injuries).map(([kind, count]) => `${kind} ${count}`);
  const total = Object.values(injuries).reduce((sum, count) => sum + count, 0);
  return [
    `${report.clean ? 'CLEAN' : 'NOT CLEAN'} after ${duration(report.durationMs)}, seed ${report.seed}`,
    `  runs         ${report.runs} started and completed, ${report.approvals} approvals`,
    `  done         ${report.steps} steps, ${report.transitions} transitions, ${report.deliveries} deliveries`,
    `  cut off      ${report.repeatedHandOvers} hand-overs repeated, ${report.uncertainDeliveries} left uncertain`,
    `  audit trail  ${report.auditEvents} events`,
    `  injuries     ${total}: ${kinds.join(', ')}`,
    `  gave way     ${report.yielded} times, to whoever had taken the work over`,
    `  take-overs   ${timesOf(takeOvers)}${late(takeOvers)}`,
    `  Postgres     back at work after ${timesOf(recoveries)}`,
    ...report.findings.slice(0, SHOWN_FINDINGS).map(findingLine),
    ...(report.findings.length > SHOWN_FINDINGS
      ? [`  and ${report.findings.length - SHOWN_FINDINGS} more`]
      : []),
  ];
}

function findingLine({ rule, runId, detail }: Finding): string {
  return `  WRONG ${rule}: ${RULES[rule]} ${runId ?? ''} (${detail})`;
}

function timesOf({ count, p50Ms, p95Ms, maxMs }: Quantiles): string {
  if (count === 0) return 'none';
  return `P50 ${duration(p50Ms)}, P95 ${duration(p95Ms)}, longest ${duration(maxMs)} (${count})`;
}

/** Late is not wrong: the machine may have had too much to do. */
function late({ maxMs }: Quantiles): string {
  return maxMs > TAKE_OVER_TARGET_MS ? ` – longer than the ${TAKE_OVER_TARGET_MS / 1_000} s aimed for` : '';
}
