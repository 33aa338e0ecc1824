import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { TokenVault } from '../pii/token-vault.service.js';
import { ErasureJournal } from './erasure-journal.js';
import { ErasureRepository, type RevivedKey } from './erasure.repository.js';

/**
 * After a restore people are there again who had been erased. Before the server listens, every key that is older than
 * its person's erasure is destroyed anew, and the erasure is done again for what has come back with it.
 */
@Injectable()
export class ErasureReplay implements OnApplicationBootstrap {
  private readonly logger = new Logger(ErasureReplay.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly erasures: ErasureRepository,
    private readonly journal: ErasureJournal,
    private readonly vault: TokenVault,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws whatever keeps it from looking: then nothing may be let in. */
  async onApplicationBootstrap(): Promise<void> {
    const notes = await this.journal.read();
    const revived = await this.database.withSystem(async (trx) => [
      ...(await this.erasures.revivedKeys(trx)),
      ...(await this.erasures.keysBefore(trx, notes)),
    ]);
    const people = new Map(revived.map((key) => [`${key.tenantId} ${key.subjectRef}`, key]));
    for (const key of people.values()) await this.replay(key);
    if (people.size > 0) {
      this.logger.warn(
        { event: 'erasures.replayed', keys: people.size },
        'keys of erased people were there again',
      );
    }
  }

  private async replay({ tenantId, subjectRef }: RevivedKey): Promise<void> {
    await this.database.withRetention(tenantId, async (trx) => {
      await this.vault.destroyKey(trx, subjectRef, this.clock.now());
      await this.audit.append(trx, tenantId, {
        type: 'subject.erasure_replayed',
        outcome: 'success',
        actor: { type: 'system', ref: 'erasure' },
        targets: [{ type: 'subject', ref: subjectRef }],
      });
    });
    await this.database.withTenant(tenantId, async (trx) => {
      const erasureId = newId();
      const by = { requestedBy: 'restore', requestId: erasureId, requestedAt: this.clock.now() };
      if (!(await this.erasures.insert(trx, { id: erasureId, tenantId, subjectRef, ...by }))) return;
      await this.audit.append(trx, tenantId, {
        type: 'subject.erasure_requested',
        outcome: 'success',
        actor: { type: 'system', ref: 'erasure' },
        targets: [{ type: 'subject', ref: subjectRef }],
        detail: { erasure: erasureId },
      });
      await this.jobs.enqueue(trx, 'subjects.erase', { tenantId, erasureId });
    });
  }
}
