import { Test } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { getConfigToken } from '@nestjs/config';
import { testMetrics } from '../../test/harness/metrics.js';
import { Metrics } from '../observability/metrics.js';
import { CLOCK, systemClock } from '../kernel/clock.js';
import { BreakerRegistry } from './breaker-registry.js';
import { CircuitBreakersController } from './circuit-breakers.controller.js';
import { ErrorRecovery } from './error-recovery.service.js';
import { RecoveryMetricsController } from './recovery-metrics.controller.js';

const config = {
  failureThreshold: 5,
  failureRatePercent: 50,
  windowMs: 60_000,
  openMs: 60_000,
  maxAttempts: 1,
  retryBaseMs: 0,
  retryMaxMs: 0,
  slowCallMs: 10_000,
};

describe('the read side of error recovery', () => {
  let controller: CircuitBreakersController;
  let metrics: RecoveryMetricsController;
  let recovery: ErrorRecovery;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      controllers: [CircuitBreakersController, RecoveryMetricsController],
      providers: [
        BreakerRegistry,
        ErrorRecovery,
        { provide: CLOCK, useValue: systemClock },
        { provide: Metrics, useValue: testMetrics() },
        { provide: getConfigToken('errorRecovery'), useValue: config },
      ],
    }).compile();
    controller = module.get(CircuitBreakersController);
    metrics = module.get(RecoveryMetricsController);
    recovery = module.get(ErrorRecovery);
  });

  it('lists every breaker with its state', async () => {
    await recovery.execute('strategy_generator', { timeoutMs: 1_000 }, async () => 'answer');
    await recovery.execute('email_generator', { timeoutMs: 1_000 }, async () => {
      throw new Error('failed');
    });
    expect(controller.list()).toMatchObject({
      items: [
        { name: 'email_generator', state: 'closed', failureCount: 1, failureRate: 1, opensUntil: null },
        { name: 'strategy_generator', state: 'closed', failureCount: 0, lastFailureAt: null },
      ],
      nextCursor: null,
    });
  });

  it('answers an unknown breaker with its own code and does not create it', () => {
    expect(() => controller.get('nobody')).toThrow(
      expect.objectContaining({ code: 'BREAKER_NOT_FOUND', status: 404 }),
    );
    expect(controller.list().items).toEqual([]);
  });

  it('shows counters beside the breakers', async () => {
    await recovery.execute('email_generator', { timeoutMs: 1_000 }, async () => 'answer');
    recovery.recordFallback();
    expect(metrics.metrics()).toMatchObject({
      total: 1,
      successful: 1,
      failed: 0,
      breakerActivations: 0,
      fallbackActivations: 1,
      breakers: [{ name: 'email_generator', state: 'closed' }],
    });
  });
});
