import { describe, expect, it } from 'vitest';
import { type ChaosReport, quantilesOf, reportLines } from './chaos-report.js';

const REPORT: ChaosReport = {
  seed: 42,
  clean: true,
  findings: [],
  runs: 3,
  steps: 24,
  transitions: 21,
  approvals: 3,
  deliveries: 15,
  repeatedHandOvers: 1,
  uncertainDeliveries: 0,
  auditEvents: 90,
  injuries: { worker: 2, postgres: 1 },
  yielded: 1,
  takeOvers: quantilesOf([11_000, 12_000]),
  recoveries: quantilesOf([]),
  durationMs: 120_000,
};

describe('quantiles', () => {
  it('are values that were measured', () => {
    expect(quantilesOf([])).toEqual({ count: 0, p50Ms: 0, p95Ms: 0, maxMs: 0 });
    expect(quantilesOf([30, 10, 20])).toEqual({ count: 3, p50Ms: 20, p95Ms: 30, maxMs: 30 });
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(quantilesOf(hundred)).toEqual({ count: 100, p50Ms: 50, p95Ms: 95, maxMs: 100 });
  });
});

describe('the report', () => {
  it('names the seed that repeats the trial, the injuries and the times', () => {
    const text = reportLines(REPORT).join('\n');
    expect(text).toMatch(/^CLEAN .*seed 42/);
    expect(text).toContain('3: worker 2, postgres 1');
    expect(text).toContain('P50 11.0 s, P95 12.0 s');
    expect(text).not.toContain('WRONG');
  });

  it('says what went wrong, and in which run', () => {
    const findings = [{ rule: 'step.doubled', runId: 'run-a', detail: 'STRATEGY/x/0' }] as const;
    const text = reportLines({ ...REPORT, clean: false, findings }).join('\n');
    expect(text).toContain('NOT CLEAN');
    expect(text).toContain('WRONG step.doubled: A step was committed twice. run-a (STRATEGY/x/0)');
  });

  it('tells a late take-over, which is not wrong', () => {
    expect(reportLines({ ...REPORT, takeOvers: quantilesOf([20_000]) }).join('\n')).toContain(
      'longer than the 15 s',
    );
  });
});
