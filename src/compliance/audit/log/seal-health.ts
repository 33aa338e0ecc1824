import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type HealthFinding, HealthIndicators } from '../../../health/health-indicators.js';
import { Metrics } from '../../../observability/metrics.js';
import { LogAnchors } from './log-anchors.service.js';
import { SealWatch } from './seal-watch.service.js';
import { SelfCheckSchedule } from './self-check-schedule.service.js';

/** Reports the audit logs: a log that must not go on takes this instance out of service. */
@Injectable()
export class SealHealth implements OnModuleInit {
  constructor(
    private readonly indicators: HealthIndicators,
    private readonly watch: SealWatch,
    private readonly anchors: LogAnchors,
    private readonly checks: SelfCheckSchedule,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.indicators.register({
      name: 'audit-log',
      critical: true,
      check: async () => this.finding(),
    });
    this.metrics.gauge(
      'audit_seal_backlog_seconds',
      'How long the oldest event has been waiting for its place in the log.',
      () => this.watch.backlogMs / 1_000,
    );
  }

  private finding(): HealthFinding {
    const [reason] = this.watch.stopped.values();
    if (reason !== undefined) return { status: 'unhealthy', detail: `sealing has stopped: ${reason}` };
    if (this.watch.isOverdue) return { status: 'unhealthy', detail: 'events are not sealed' };
    if (this.watch.isSlow) return { status: 'degraded', detail: 'events are sealed late' };
    const failing = this.anchors.states.filter((anchor) => anchor.failing).map(({ name }) => name);
    if (failing.length > 0) return { status: 'degraded', detail: `no answer of ${failing.join(', ')}` };
    if (this.checks.failing > 0) {
      return { status: 'degraded', detail: `the self-check of ${this.checks.failing} logs has found faults` };
    }
    return { status: 'healthy' };
  }
}
