import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../database/database.service.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import type { Authentication } from './api-key-authenticator.js';
import { DEFAULT_TENANT_ID } from './default-tenant.js';

type Rejection = Exclude<Authentication, { outcome: 'accepted' }>;

/** What was refused of one kind since the last record. */
interface Tally {
  readonly tenantId: string;
  readonly keyId: string | undefined;
  readonly reason: string;
  count: number;
  since: Date;
}

const WINDOW_MS = 60_000;
/** Keys told apart in a window; what others are refused is counted together. */
const MOST_KEYS = 200;

/**
 * Records refused keys: the first of its kind at once, those that follow within a minute as one record with their number.
 * Strangers so decide neither how much the trail grows nor that it stays silent.
 */
@Injectable()
export class RejectionRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RejectionRecorder.name);
  private readonly tallies = new Map<string, Tally>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Never throws: a refusal stands whether or not it could be recorded. */
  async note(rejection: Rejection): Promise<void> {
    const known = 'keyId' in rejection && this.tallies.size < MOST_KEYS ? rejection : undefined;
    const id = `${rejection.outcome} ${known?.keyId ?? ''}`;
    const tally = this.tallies.get(id);
    if (tally) {
      tally.count++;
      return;
    }
    const now = this.clock.now();
    const first = {
      tenantId: known?.tenantId ?? DEFAULT_TENANT_ID,
      keyId: known?.keyId,
      reason: rejection.outcome,
      count: 1,
      since: now,
    };
    this.tallies.set(id, { ...first, count: 0 });
    this.timer ??= setTimeout(() => void this.flush(), WINDOW_MS).unref();
    await this.record(first, now);
  }

  /** Ends the window: what came after the first of each kind is recorded, in one record a kind. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const ended = [...this.tallies.values()];
    this.tallies.clear();
    const now = this.clock.now();
    for (const tally of ended) if (tally.count > 0) await this.record(tally, now);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flush();
  }

  private async record({ tenantId, keyId, reason, count, since }: Tally, until: Date): Promise<void> {
    try {
      await this.database.withTenant(tenantId, (trx) =>
        this.audit.append(trx, tenantId, {
          type: 'auth.rejected',
          outcome: 'denied',
          actor: { type: 'apiKey', ref: keyId ?? 'unknown' },
          targets: keyId === undefined ? undefined : [{ type: 'api_key', ref: keyId }],
          code: 'UNAUTHENTICATED',
          detail: { reason, count, from: since.toISOString(), until: until.toISOString() },
        }),
      );
    } catch (error) {
      this.logger.error({ event: 'auth.rejection_unrecorded', reason, count, err: error });
    }
  }
}
