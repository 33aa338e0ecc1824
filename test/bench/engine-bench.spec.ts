import { describe, expect, it } from 'vitest';
import { definition } from '../../bench/countersign/definition.mjs';
import { percentile, summarise } from '../../bench/engine/figures.mjs';
import { tableOf } from '../../bench/engine/table.mjs';
import { outputOf, runKey, STEPS } from '../../bench/engine/workload.mjs';
import { agentStepsOf } from '../../src/workflow/definitions/definition-checks.js';
import { definitionSchema } from '../../src/workflow/definitions/definition.schema.js';

describe('the workload of the engine bench', () => {
  it('names every run differently', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => runKey(index));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('gives about one kilobyte a step, no two alike', () => {
    const outputs = [1, 2].flatMap((run) =>
      STEPS.map((_, step) => JSON.stringify(outputOf(runKey(run), step))),
    );
    expect(new Set(outputs).size).toBe(2 * STEPS.length);
    for (const output of outputs) {
      expect(output.length).toBeGreaterThan(950);
      expect(output.length).toBeLessThan(1_200);
    }
  });

  it('is a definition that the product takes, with one agent a step and an approval before the last', () => {
    const { phases } = definitionSchema.parse(definition);
    const agents = Object.values(phases).flatMap((phase) => agentStepsOf(phase).map(({ agent }) => agent));
    expect(agents).toEqual(STEPS.map((step) => `noop_${step.toLowerCase()}`));
    expect(phases.REVIEW.approval).toBeDefined();
    expect(phases.DELIVERY.agents).toHaveLength(1);
  });
});

describe('the table of the engine bench', () => {
  const round = (runsPerSecond: number) => ({
    runsPerSecond,
    loneMs: [10, 20],
    wentOnAfterMs: [5],
    startMs: [7],
    writesPerRun: 4,
    walKbPerRun: 8,
    cpuMsPerRun: { load: 0.1, worker: 1, store: 2 },
  });
  const report = {
    machine: 'some machine',
    node: '24.0.0',
    postgres: '18.0',
    plan: {
      runs: 200,
      lone: 20,
      rounds: 3,
      inFlight: 200,
      warmUpSeconds: 2,
      starts: { rate: 100, seconds: 5 },
    },
    rows: [
      summarise({ name: 'countersign', label: 'Countersign, 1 process' }, [
        round(90),
        round(300),
        round(100),
      ]),
      summarise({ name: 'dbos', label: 'DBOS' }, [round(50), round(40), round(60)]),
    ],
    limits: [{ connections: 1, commitMs: 1.5, runsPerSecond: 1_000 }],
    absent: [{ name: 'bullmq', label: 'BullMQ', reason: 'there is no redis-server on PATH' }],
  };

  it('has the median of the rounds, their range and the ratio to Countersign', () => {
    const lines = tableOf(report).split('\n');
    expect(lines.find((line) => line.startsWith('Countersign, 1 process  '))).toMatch(
      / 100 +90\.0–300 .* 1\.00×/,
    );
    expect(lines.find((line) => line.startsWith('DBOS'))).toMatch(/ 50\.0 +40\.0–60\.0 .* 0\.50×/);
  });

  it('tells the share of the limit, and what was left out and why', () => {
    const text = tableOf(report);
    expect(text).toContain('Countersign reaches 10.0 % of it');
    expect(text).toContain('left out: BullMQ: there is no redis-server on PATH');
  });

  it('says of a figure that there is none, instead of making one up', () => {
    const unknown = summarise({ name: 'dbos', label: 'DBOS' }, [
      { ...round(50), writesPerRun: Number.NaN, walKbPerRun: Number.NaN },
    ]);
    expect(tableOf({ ...report, rows: [unknown] })).toMatch(/DBOS +50\.0 .*–  +–  .*–$/m);
    expect(percentile([], 0.5)).toBeNaN();
  });
});
