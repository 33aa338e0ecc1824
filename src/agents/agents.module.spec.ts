import type { DynamicModule } from '@nestjs/common';
import { getConfigToken } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../database/database.service.js';
import { SafeMode } from '../compliance/safe-mode/safe-mode.service.js';
import { CLOCK, systemClock } from '../kernel/clock.js';
import { fakeSafeMode } from '../../test/harness/safe-mode.fake.js';
import { testMetrics } from '../../test/harness/metrics.js';
import { Metrics } from '../observability/metrics.js';
import { llmConfig } from '../../test/harness/llm-config.fixture.js';
import { AgentRunner } from './agent-runner.service.js';
import { AgentsController } from './agents.controller.js';
import { AgentsModule } from './agents.module.js';
import { emailInput } from '../../test/harness/agent-input.fixture.js';

const GLOBALS = [
  { provide: CLOCK, useValue: systemClock },
  { provide: Metrics, useFactory: testMetrics },
  { provide: SafeMode, useFactory: () => fakeSafeMode() },
  // No breaker changes here.
  { provide: DatabaseService, useValue: {} },
  { provide: AuditTrail, useValue: {} },
  { provide: getConfigToken('llm'), useValue: llmConfig({ timeoutMs: 12_345 }) },
  {
    provide: getConfigToken('errorRecovery'),
    useValue: {
      failureThreshold: 5,
      failureRatePercent: 50,
      windowMs: 60_000,
      openMs: 60_000,
      maxAttempts: 1,
      retryBaseMs: 0,
      retryMaxMs: 0,
      slowCallMs: 10_000,
    },
  },
];

/** What the application provides to every room. */
const globals: DynamicModule = {
  module: class GlobalsModule {},
  global: true,
  providers: GLOBALS,
  exports: GLOBALS.map(({ provide }) => provide),
};

describe('AgentsModule', () => {
  it('lists each agent with its forms, time limit and breaker', async () => {
    const app = await Test.createTestingModule({ imports: [globals, AgentsModule] }).compile();
    await app.init();
    const { items, nextCursor } = app.get(AgentsController).list();
    expect(nextCursor).toBeNull();
    expect(items.map(({ name }) => name)).toEqual([
      'requirements_agent',
      'strategy_generator',
      'email_generator',
      'confirmation_agent',
    ]);
    for (const item of items) {
      expect(item).toMatchObject({
        timeoutMs: 12_345,
        breaker: 'closed',
        inputSchema: { type: 'object', additionalProperties: false },
        outputSchema: { type: 'object', additionalProperties: false },
      });
    }
    expect(() => JSON.stringify(items)).not.toThrow();
    await app.close();
  });

  it('offers a runner that works without any provider', async () => {
    const app = await Test.createTestingModule({ imports: [globals, AgentsModule] }).compile();
    const input = emailInput({ goal: 'Announce our new dashboard', audience: 'Customers' });
    const result = await app
      .get(AgentRunner)
      .run('email_generator', input, { signal: new AbortController().signal, tenantId: 't1' });
    expect(result).toMatchObject({
      status: 'completed',
      degraded: false,
      provider: 'simulation',
      attempts: 1,
    });
    await app.close();
  });
});
