import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { Metrics } from '../../../observability/metrics.js';
import { Repeated } from '../../../kernel/repeated.js';
import type { LogsStanding } from './self-check.repository.js';
import { SelfChecks } from './self-checks.service.js';

const MINUTE_MS = 60_000;

/** Looks each minute how the logs stand, and has those checked that are due. */
@Injectable()
export class SelfCheckSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SelfCheckSchedule.name);
  private readonly minutely = new Repeated(MINUTE_MS, (signal) => this.tryLook(signal));
  private standing: LogsStanding | undefined;

  constructor(
    private readonly checks: SelfChecks,
    private readonly metrics: Metrics,
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  /** Logs whose last check has found faults, as far as this process knows. */
  get failing(): number {
    return this.standing?.failing ?? 0;
  }

  onApplicationBootstrap(): void {
    const gauge = (name: string, help: string, read: (standing: LogsStanding) => number): void =>
      this.metrics.gauge(name, help, () => (this.standing ? read(this.standing) : 0));
    gauge('audit_log_leaves', 'Events sealed in all audit logs.', ({ leaves }) => leaves);
    gauge('audit_checkpoint_leaves', 'Events that newest checkpoints cover.', ({ covered }) => covered);
    gauge(
      'audit_checkpoint_age_seconds',
      'Age of the oldest newest checkpoint of an audit log that has grown since; 0 when all are covered.',
      ({ stalestCheckpointAt }) => secondsSince(stalestCheckpointAt),
    );
    gauge(
      'audit_self_check_age_seconds',
      'Age of the last check of the audit log that was checked the longest time ago; 0 before the first.',
      ({ oldestCheckAt }) => secondsSince(oldestCheckAt),
    );
    gauge(
      'audit_self_check_failing_logs',
      'Audit logs whose last check has found faults.',
      ({ failing }) => failing,
    );
    this.minutely.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.minutely.stop();
  }

  /** Looks now, and checks what is due. */
  async look(signal = new AbortController().signal): Promise<void> {
    if (this.server.role !== 'api') await this.checks.run(signal);
    this.standing = await this.checks.standing();
  }

  private async tryLook(signal: AbortSignal): Promise<void> {
    try {
      await this.look(signal);
    } catch (error) {
      this.logger.warn({ event: 'audit.self_check_late', err: error }, 'logs are checked a minute later');
    }
  }
}

function secondsSince(at: Date | null): number {
  return at ? Math.max(0, (Date.now() - at.getTime()) / 1_000) : 0;
}
