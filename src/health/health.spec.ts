import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../../test/harness/http-application.fake.js';
import { FakeClock } from '../../test/harness/clock.fake.js';
import { type HealthFinding, HealthIndicators } from './health-indicators.js';
import { Readiness } from './readiness.js';

describe('health', () => {
  let test: TestApplication;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    test = await startTestApplication({ clock });
  });
  afterEach(() => test.app.close());

  const get = async (url: string) => {
    const response = await test.app.inject({ url });
    return {
      status: response.statusCode,
      body: response.json<Record<string, unknown>>(),
      headers: response.headers,
    };
  };
  /** An indicator that says what it is told to, and counts how often it was asked. */
  function register(name: string, critical: boolean, finding: HealthFinding | Error) {
    const indicator = {
      name,
      critical,
      asked: 0,
      finding,
      check: async () => {
        indicator.asked++;
        if (indicator.finding instanceof Error) throw indicator.finding;
        return indicator.finding;
      },
    };
    test.app.get(HealthIndicators).register(indicator);
    return indicator;
  }

  it('is good when everything answers', async () => {
    for (const url of ['/health', '/health/ready', '/ready', '/health/startup', '/health/detailed']) {
      expect(await get(url)).toMatchObject({ status: 200, body: { status: 'healthy' } });
    }
  });

  it('is never cached by anyone in between', async () => {
    expect((await get('/health')).headers['cache-control']).toBe('no-store');
  });

  it('shows every component with its time, the version and where the audit trail lies', async () => {
    const { body } = await get('/health/detailed');
    expect(body).toMatchObject({
      version: test.config.instance.version,
      uptimeSeconds: expect.any(Number),
      auditTier: 'embedded',
      components: {
        database: { status: 'healthy', responseTimeMs: expect.any(Number) },
        modelProvider: { status: 'healthy', detail: 'simulation' },
        disk: { status: expect.any(String), detail: expect.stringMatching(/% free$/) },
        memory: { status: 'healthy' },
        configuration: { status: 'healthy', detail: 'test' },
        redis: { status: 'healthy' },
      },
    });
  });

  it('fails with a critical component, for readiness too', async () => {
    register('queue', true, { status: 'unhealthy', detail: 'not started' });
    for (const url of ['/health', '/health/ready', '/health/detailed']) {
      expect(await get(url)).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
    }
    expect((await get('/health/ready')).body).toMatchObject({
      components: { queue: { status: 'unhealthy', detail: 'not started' } },
    });
  });

  it('is only degraded by any other component, and still takes requests', async () => {
    register('cache', false, { status: 'unhealthy' });
    expect(await get('/health')).toMatchObject({ status: 200, body: { status: 'degraded' } });
    expect((await get('/health/ready')).body).toMatchObject({ status: 'healthy' });
    expect((await get('/health/ready')).body).not.toHaveProperty('components.cache');
  });

  it('tells that a component fails, but not the secret in its error', async () => {
    register('vault', false, new Error('connect postgres://user:hunter2@db failed'));
    const { body } = await get('/health/detailed');
    expect(body).toMatchObject({ components: { vault: { status: 'unhealthy', detail: 'does not answer' } } });
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('does not wait for a component that hangs', async () => {
    test.app
      .get(HealthIndicators)
      .register({ name: 'hanging', critical: true, check: () => new Promise(() => {}) });
    expect(await get('/health/ready')).toMatchObject({
      status: 503,
      body: { components: { hanging: { status: 'unhealthy', detail: 'did not answer in time' } } },
    });
  });

  it('stays alive whatever else fails', async () => {
    register('queue', true, new Error('gone'));
    test.app.get(Readiness).drain();
    for (const url of ['/health/live', '/live']) {
      expect(await get(url)).toMatchObject({ status: 200, body: { status: 'healthy' } });
    }
  });

  it('asks a component at most every two seconds, however many probe', async () => {
    const queue = register('queue', true, { status: 'healthy' });
    await Promise.all(Array.from({ length: 10 }, () => get('/health/ready')));
    expect(queue.asked).toBe(1);
    queue.finding = { status: 'unhealthy' };
    clock.advance(1_999);
    expect((await get('/health/ready')).status).toBe(200);
    clock.advance(1);
    expect((await get('/health/ready')).status).toBe(503);
    expect(queue.asked).toBe(2);
  });

  it('takes itself out of traffic before it stops', async () => {
    test.app.get(Readiness).drain();
    expect(await get('/health/ready')).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
    expect((await get('/health/startup')).status).toBe(200);
  });

  it('refuses a second indicator of one name', () => {
    expect(() => register('database', true, { status: 'healthy' })).toThrow(TypeError);
  });
});

describe('before it has started, an instance', () => {
  it('is neither started nor draining', () => {
    const readiness = new Readiness();
    expect(readiness).toMatchObject({ isStarted: false, isDraining: false });
    readiness.onApplicationBootstrap();
    expect(readiness).toMatchObject({ isStarted: true, isDraining: false });
    readiness.onModuleDestroy();
    expect(readiness).toMatchObject({ isStarted: true, isDraining: true });
  });
});
