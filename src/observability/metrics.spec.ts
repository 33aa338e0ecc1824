import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../../test/harness/http-application.fake.js';
import { ThingsController } from '../../test/harness/things.fake.js';
import { BREAKER_STATES, HTTP_BUCKETS } from './metric-names.js';
import { Metrics } from './metrics.js';

describe('Metrics', () => {
  let registry: Registry;
  let metrics: Metrics;
  beforeEach(() => {
    registry = new Registry();
    metrics = new Metrics(registry);
  });

  it('counts what the product does', async () => {
    metrics.runEnded('COMPLETED');
    metrics.phaseEnded('REVIEW', 2);
    metrics.auditAppended('workflow.started');
    metrics.errorAnswered('INTERNAL');
    metrics.modelCalled('openai', 'success', 0.4, { inputTokens: 10, outputTokens: 5, costUsd: 0.25 });
    metrics.modelCalled('openai', 'timeout', 30);
    metrics.piiFound('EMAIL', 3);
    metrics.deliverySettled('smtp', 'SENT');
    const page = await registry.metrics();
    for (const line of [
      'workflow_runs_total{status="COMPLETED"} 1',
      'workflow_phase_duration_seconds_sum{phase="REVIEW"} 2',
      'audit_events_total{type="workflow.started"} 1',
      'errors_total{code="INTERNAL"} 1',
      'llm_api_calls_total{provider="openai",outcome="success"} 1',
      'llm_api_calls_total{provider="openai",outcome="timeout"} 1',
      'llm_api_tokens_total{direction="input"} 10',
      'llm_api_tokens_total{direction="output"} 5',
      'llm_api_duration_seconds_count{provider="openai"} 2',
      'llm_cost_total 0.25',
      'pii_findings_total{entity="EMAIL"} 3',
      'deliveries_total{channel="smtp",status="SENT"} 1',
    ]) {
      expect(page).toContain(`${line}\n`);
    }
  });

  it('shows errors that never happened as zero, so that the first one is an increase', async () => {
    expect(await registry.metrics()).toContain('errors_total{code="AUDIT_UNAVAILABLE"} 0\n');
  });

  it('shows a breaker in exactly one of its states', async () => {
    let state: (typeof BREAKER_STATES)[number] = 'closed';
    metrics.breakerStates(() => [{ name: 'email_generator', state }]);
    for (state of BREAKER_STATES) {
      const lines = (await registry.metrics())
        .split('\n')
        .filter((line) => line.startsWith('circuit_breaker_state{'));
      expect(lines).toHaveLength(BREAKER_STATES.length);
      expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
        `circuit_breaker_state{name="email_generator",state="${state}"} 1`,
      ]);
    }
  });

  it('reads gauges when they are asked for, and forgets labels that are gone', async () => {
    let depth = 1;
    let queues = ['runs', 'mails'];
    metrics.gauge('oldest_seconds', 'Age.', async () => depth);
    metrics.labelledGauge('queue_depth', 'Depth.', ['queue'], () =>
      queues.map((queue) => ({ labels: { queue }, value: depth })),
    );
    expect(await registry.metrics()).toContain('queue_depth{queue="mails"} 1\n');
    depth = 7;
    queues = ['runs'];
    const page = await registry.metrics();
    expect(page).toContain('oldest_seconds 7\n');
    expect(page).toContain('queue_depth{queue="runs"} 7\n');
    expect(page).not.toContain('mails');
  });

  it('keeps the page when one reader fails, and claims no number for it', async () => {
    metrics.gauge('broken', 'Broken.', () => Promise.reject(new Error('gone')));
    metrics.labelledGauge('also_broken', 'Broken.', ['a'], () => {
      throw new Error('gone');
    });
    const page = await registry.metrics();
    expect(page).toContain('broken Nan\n');
    expect(page).not.toMatch(/^also_broken\{/m);
    expect(page).toContain('llm_cost_total 0\n');
  });

  it('has a bucket at and above every latency that alerts', () => {
    expect(HTTP_BUCKETS).toEqual(expect.arrayContaining([15, 30]));
    expect(Math.max(...HTTP_BUCKETS)).toBeGreaterThan(30);
  });
});

describe('/metrics', () => {
  let test: TestApplication;
  beforeAll(async () => {
    test = await startTestApplication({ controllers: [ThingsController] });
  });
  afterAll(() => test.app.close());

  const page = async () => (await test.app.inject({ url: '/metrics' })).body;

  it('speaks the language of Prometheus, of this process and this build', async () => {
    const response = await test.app.inject({ url: '/metrics' });
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(response.body).toContain(`countersign_build_info{version="${test.config.instance.version}"} 1`);
    expect(response.body).toMatch(/^process_resident_memory_bytes \d/m);
    expect(response.body).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  });

  it('names requests by their route, so that ids and strangers make no series', async () => {
    for (const id of ['1', '2', '3']) await test.app.inject({ url: `/v1/things/${id}?q=${id}` });
    for (const path of ['/a', '/b', '/wp-admin/x']) await test.app.inject({ method: 'POST', url: path });
    const text = await page();
    expect(text).toContain('http_requests_total{method="GET",route="/v1/things/:id",status="200"} 3\n');
    expect(text).toContain(
      'http_request_duration_seconds_count{method="GET",route="/v1/things/:id",status="200"} 3\n',
    );
    expect(text).toContain('http_requests_total{method="POST",route="unmatched",status="404"} 3\n');
    expect(text).toContain('errors_total{code="ROUTE_NOT_FOUND"} 3\n');
    expect(text).not.toMatch(/wp-admin|things\/1/);
  });

  it('counts the request that asks as the only one in progress', async () => {
    expect(await page()).toContain('http_requests_in_progress 1\n');
    expect(await page()).toContain('http_requests_in_progress 1\n');
  });
});
