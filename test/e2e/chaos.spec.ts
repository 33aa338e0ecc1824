import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChaosReport } from '../../src/cli/chaos/chaos-report.js';
import { reportLines } from '../../src/cli/chaos/chaos-report.js';
import { type ChaosOptions, runChaos } from '../../src/cli/chaos/run-chaos.js';
import { BRIEF, recipients, SENDER, startCampaign } from '../harness/campaign.js';
import { type Product, startProduct } from '../harness/product.js';

const RECIPIENTS = 4;
const SEED = Number(process.env['CHAOS_SEED'] ?? 4_711);

const options = (more: Partial<ChaosOptions> = {}): ChaosOptions => ({
  entry: resolve('dist/main.js'),
  environment: { PATH: process.env['PATH'] ?? '' },
  durationMs: 120_000,
  seed: SEED,
  workers: 2,
  runs: 1_000,
  definition: 'email-campaign',
  input: { brief: BRIEF, sender: SENDER, recipients: recipients(RECIPIENTS) },
  signal: new AbortController().signal,
  say: () => undefined,
  ...more,
});

describe('campaigns on processes and a Postgres that are killed and frozen again and again', () => {
  const course: string[] = [];
  let report: ChaosReport;

  beforeAll(async () => {
    report = await runChaos(options({ say: (line) => course.push(line) }));
    console.log(reportLines(report).join('\n'));
  }, 420_000);

  it('lose nothing, do nothing twice, and verify', () => {
    expect(report.findings, course.join('\n')).toEqual([]);
    expect(report.clean).toBe(true);
  });

  it('all go through every step and transition, and every message leaves', () => {
    const { runs, steps, transitions, approvals, deliveries } = report;
    expect(runs).toBeGreaterThan(0);
    // Three agents, one draft for each recipient; six phases and the end.
    expect({ steps, transitions, approvals, deliveries }).toEqual({
      steps: runs * (3 + RECIPIENTS),
      transitions: runs * 7,
      approvals: runs,
      deliveries: runs * RECIPIENTS,
    });
  });

  it('were injured in different ways', () => {
    expect(Object.keys(report.injuries).length).toBeGreaterThan(2);
  });
});

describe('a database that somebody may miss', () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
    await startCampaign(product.client);
  });
  afterAll(() => product.close());

  it('is not touched', async () => {
    await expect(runChaos(options({ databaseUrl: product.database.url }))).rejects.toThrow(
      'The database holds runs',
    );
  });
});
