import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { SYSTEM_LOG_TENANT_ID } from '../audit/log/log-state.js';
import { PeriodFiguresService } from '../report/period/period-figures.service.js';
import { TrailArchive } from './trail-archive.service.js';
import { type DueEvents, TrailDayRepository } from './trail-day.repository.js';

/** How long recording may be kept waiting by a replacement that itself waits. */
const LOCK_WAIT_MS = 250;
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

/** Takes what is due out of one day of the trail: exported, verified, recorded, and only then gone. */
@Injectable()
export class DayRetirement {
  private readonly logger = new Logger(DayRetirement.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly days: TrailDayRepository,
    private readonly archive: TrailArchive,
    private readonly figures: PeriodFiguresService,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Of all tenants at once, since a day is one partition.
   *
   * @returns how many events went; what could not go now is due again at the next look.
   * @throws AppError AUDIT_UNAVAILABLE, or a fault of the archive or the database; nothing is removed then.
   */
  async retire(day: string, signal: AbortSignal): Promise<number> {
    for (const { tenantId, isCounted } of await this.due(day)) {
      if (!isCounted) await this.figures.close(tenantId, new Date(`${day}T00:00:00.000Z`));
    }
    for (const { tenantId, dropped, firstIndex, endIndex } of await this.due(day)) {
      if (signal.aborted) return 0;
      if (dropped > 0) await this.archive.complete(tenantId, day, firstIndex ?? 0, endIndex ?? 0);
    }
    return this.replace(day, signal);
  }

  private due(day: string): Promise<DueEvents[]> {
    return this.database.withRetention(SYSTEM_LOG_TENANT_ID, (trx) => this.days.due(trx, day));
  }

  private async replace(day: string, signal: AbortSignal): Promise<number> {
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        return await this.database.withRetention(SYSTEM_LOG_TENANT_ID, (trx) => this.replaceWithin(trx, day));
      } catch (error) {
        if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE || attempt === ATTEMPTS) throw error;
        this.logger.debug({ event: 'retention.trail_busy', day }, 'the trail is being read; a second later');
        await wait(PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    return 0;
  }

  private async replaceWithin(trx: Trx, day: string): Promise<number> {
    const due = (await this.days.due(trx, day)).filter(({ dropped }) => dropped > 0);
    const records: string[] = [];
    for (const events of due) records.push(await this.record(trx, day, events));
    const retired = await this.days.retire(trx, day, records, LOCK_WAIT_MS);
    await this.days.noteLook(trx, day);
    return retired;
  }

  private async record(trx: Trx, day: string, due: DueEvents): Promise<string> {
    const prepared = this.audit.prepare(due.tenantId, [
      {
        type: 'retention.trail_dropped',
        outcome: 'success',
        actor: { type: 'system', ref: 'retention' },
        targets: [{ type: 'audit_day', ref: day }],
        detail: {
          day,
          firstIndex: due.firstIndex ?? 0,
          endIndex: due.endIndex ?? 0,
          dropped: due.dropped,
          kept: due.kept,
          gaps: createHash('sha256')
            .update(due.gaps ?? '')
            .digest('hex'),
          manifest: await this.archive.manifestDigest(trx, due.tenantId, day),
        },
      },
    ]);
    await this.audit.write(trx, prepared);
    return prepared.records[0]?.id ?? '';
  }
}

const LOCK_NOT_AVAILABLE = '55P03';
