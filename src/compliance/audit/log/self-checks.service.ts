import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { Metrics } from '../../../observability/metrics.js';
import { buildAuditRecord } from '../audit-leaf.js';
import { AuditVerification, type VerificationResult } from '../audit-verification.service.js';
import { AuditRepository } from '../audit.repository.js';
import { type LogsStanding, SelfCheckRepository, type SelfCheckState } from './self-check.repository.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A process that has been at a log for this long is dead. */
const ABANDONED_MS = 6 * HOUR_MS;

/**
 * Checks every log once a day without being asked: what was sealed since the check before, and now and then all of it.
 * The result is recorded in the log itself; a fault is a critical alert, and what it was found in is read again each day.
 */
@Injectable()
export class SelfChecks {
  private readonly logger = new Logger(SelfChecks.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SelfCheckRepository,
    private readonly verification: AuditVerification,
    private readonly trail: AuditRepository,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
  ) {}

  /** How all logs stand at this moment. */
  standing(): Promise<LogsStanding> {
    return this.database.withSequencer((trx) => this.repository.standing(trx));
  }

  /** Checks what is due and nobody else is at, log by log until `signal` aborts; answers how many. */
  async run(signal: AbortSignal): Promise<number> {
    const { since, abandoned } = this.times();
    const due = await this.database.withSequencer((trx) => this.repository.due(trx, since, abandoned));
    let checked = 0;
    for (const tenantId of due) {
      if (signal.aborted) break;
      const before = await this.database.withSequencer((trx) =>
        this.repository.claim(trx, tenantId, this.times()),
      );
      if (!before) continue;
      await this.check(tenantId, before);
      checked += 1;
    }
    return checked;
  }

  private async check(tenantId: string, before: SelfCheckState): Promise<void> {
    const now = this.clock.now();
    const isWhole =
      before.wholeAt === null ||
      before.wholeAt.getTime() <= now.getTime() - this.config.wholeCheckDays * DAY_MS;
    const from = isWhole ? 0 : before.size;
    try {
      const result = await this.verification.verifyFrom(tenantId, from);
      await this.record(tenantId, from, before, result);
      if (!result.valid) this.alert(tenantId, result);
    } catch (error) {
      await this.database.withSequencer((trx) => this.repository.release(trx, tenantId));
      throw error;
    }
  }

  private record(
    tenantId: string,
    from: number,
    before: SelfCheckState,
    { valid, treeSize, rootHash, checkedEvents, faults }: VerificationResult,
  ): Promise<void> {
    const checkedAt = this.clock.now();
    const record = buildAuditRecord(
      tenantId,
      {
        type: 'log.self_checked',
        outcome: valid ? 'success' : 'failure',
        actor: { type: 'system', ref: 'self-check' },
        detail: {
          from,
          size: treeSize,
          rootHash: Buffer.from(rootHash, 'base64').toString('hex'),
          events: checkedEvents,
          faults: faults.length,
          ...(faults[0] && { first: faults[0].reason }),
        },
      },
      checkedAt,
    );
    return this.database.withSequencer(async (trx) => {
      await this.trail.insert(trx, [record]);
      await this.repository.record(trx, {
        tenantId,
        // What is not in order is not left behind.
        size: valid ? treeSize : before.size,
        checkedAt,
        wholeAt: from === 0 && valid ? checkedAt : before.wholeAt,
        events: checkedEvents,
        faults,
      });
    });
  }

  private alert(tenantId: string, { faults, treeSize }: VerificationResult): void {
    this.metrics.auditFaultFound();
    const [first] = faults;
    this.logger.fatal(
      {
        event: 'audit.self_check_failed',
        tenantId,
        size: treeSize,
        faults: faults.length,
        first: first?.reason,
      },
      'the audit trail is not what it must be',
    );
  }

  private times() {
    const now = this.clock.now();
    return {
      now,
      since: lastHour(this.config.selfCheckHour, now),
      abandoned: new Date(now.getTime() - ABANDONED_MS),
    };
  }
}

/** When it was last this hour of the day, UTC. */
function lastHour(hour: number, now: Date): Date {
  const today = new Date(now);
  today.setUTCHours(hour, 0, 0, 0);
  return today <= now ? today : new Date(today.getTime() - DAY_MS);
}
