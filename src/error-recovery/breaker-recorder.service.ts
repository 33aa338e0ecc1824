import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DEFAULT_TENANT_ID } from '../auth/default-tenant.js';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../database/database.service.js';
import { type BreakerChange, BreakerRegistry } from './breaker-registry.js';

/**
 * Records what circuit breakers do, in the log of the tenant that administers the instance. A breaker changes in this
 * process and for everybody; it does not wait for its record, and one that cannot be written is told in the log.
 */
@Injectable()
export class BreakerRecorder implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(BreakerRecorder.name);
  /** Changes are recorded one after the other, in their order. */
  private recording: Promise<void> = Promise.resolve();

  constructor(
    private readonly breakers: BreakerRegistry,
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
  ) {}

  onModuleInit(): void {
    this.breakers.onChange((change) => {
      this.recording = this.recording.then(() => this.record(change));
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.recording;
  }

  private async record({ name, from, to }: BreakerChange): Promise<void> {
    try {
      await this.database.withSystem((trx) =>
        this.audit.append(trx, DEFAULT_TENANT_ID, {
          type: 'breaker.changed',
          outcome: 'success',
          actor: { type: 'system', ref: 'error-recovery' },
          targets: [{ type: 'circuit_breaker', ref: name }],
          change: { from, to },
        }),
      );
    } catch (error) {
      this.logger.error(
        { event: 'breaker.unrecorded', breaker: name, to, err: error },
        'a change of a breaker is not recorded',
      );
    }
  }
}
