import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { KekRing } from '../pii/kek-ring.service.js';
import { TokenVault } from '../pii/token-vault.service.js';
import { DataSubjects } from './data-subjects.service.js';
import type { Erasure } from './erasure.js';
import { ErasureJournal } from './erasure-journal.js';
import { ErasureRepository } from './erasure.repository.js';
import { Erasures } from './erasures.service.js';
import { type DataSubject, type PersonalStore, PersonalStores } from './personal-stores.js';

/**
 * Carries an erasure out: first the key goes, so that whatever else is left cannot be read; then the rows, store by
 * store; then it is recorded. Each step commits by itself and may be done again, so a process that dies leaves
 * nothing but work for the next one.
 */
@Injectable()
export class Eraser {
  constructor(
    private readonly database: DatabaseService,
    private readonly erasures: ErasureRepository,
    private readonly requests: Erasures,
    private readonly subjects: DataSubjects,
    private readonly stores: PersonalStores,
    private readonly vault: TokenVault,
    private readonly keks: KekRing,
    private readonly journal: ErasureJournal,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Goes on with an erasure until it is done, or has to wait. */
  async carryOut(tenantId: string, erasureId: string, signal?: AbortSignal): Promise<void> {
    const erasure = await this.begin(tenantId, erasureId);
    if (!erasure) return;
    const subject = this.subjects.of(tenantId, erasure.subjectRef);
    for (const store of this.stores.all()) {
      let after: string | undefined;
      do {
        signal?.throwIfAborted();
        after = await this.eraseSome(erasure, subject, store, after);
      } while (after !== undefined);
    }
    await this.complete(erasure);
  }

  /** Destroys the key, unless something stands in the way; undefined when there is nothing to be done now. */
  private begin(tenantId: string, erasureId: string): Promise<Erasure | undefined> {
    return this.database.withRetention(tenantId, async (trx) => {
      const erasure = await this.erasures.lock(trx, erasureId);
      if (!erasure || erasure.status === 'completed') return undefined;
      if (erasure.status === 'running') return erasure;
      const obstacle = await this.requests.obstacle(trx, erasure.subjectRef);
      if (obstacle) {
        if (erasure.deferredBy !== obstacle) await this.requests.defer(trx, erasure, obstacle);
        return undefined;
      }
      const keyDestroyedAt = await this.destroyKey(trx, erasure);
      return { ...erasure, keyDestroyedAt };
    });
  }

  private async destroyKey(trx: Trx, { id, tenantId, subjectRef }: Erasure): Promise<Date> {
    const destroyedAt = this.clock.now();
    const destroyed = await this.vault.destroyKey(trx, subjectRef, destroyedAt);
    const kekId = destroyed?.kekId ?? null;
    const unreadableFrom = destroyed ? this.keks.endOf(kekId) : destroyedAt;
    await this.erasures.begin(trx, id, { destroyedAt, kekId, unreadableFrom });
    await this.audit.append(trx, tenantId, {
      type: 'subject.erasure_begun',
      outcome: 'success',
      actor: { type: 'system', ref: 'erasure' },
      targets: [{ type: 'subject', ref: subjectRef }],
      detail: { erasure: id, ...(kekId !== null && { kek: kekId }) },
    });
    return destroyedAt;
  }

  /** One step; where the next one begins. */
  private eraseSome(
    erasure: Erasure,
    subject: DataSubject,
    store: PersonalStore,
    after: string | undefined,
  ): Promise<string | undefined> {
    return this.database.withRetention(erasure.tenantId, async (trx) => {
      const current = await this.erasures.lock(trx, erasure.id);
      if (current?.status !== 'running') return undefined;
      const { counts, next } = await store.erase(trx, subject, after);
      await this.erasures.count(trx, erasure.id, added(current.counts, counts));
      return next;
    });
  }

  private async complete({ id, tenantId, subjectRef, keyDestroyedAt }: Erasure): Promise<void> {
    const erasedAt = this.clock.now();
    // Outside the database, so that a restored one can be told; before the commit, for a line too many does no harm.
    await this.journal.note({ tenantId, subjectRef, erasedAt: keyDestroyedAt ?? erasedAt });
    await this.database.withRetention(tenantId, async (trx) => {
      const erasure = await this.erasures.lock(trx, id);
      if (erasure?.status !== 'running') return;
      const { counts, unreadableFrom } = erasure;
      const prepared = this.audit.prepare(tenantId, [
        {
          type: 'subject.erased',
          outcome: 'success',
          actor: { type: 'system', ref: 'erasure' },
          targets: [
            { type: 'subject', ref: subjectRef },
            { type: 'erasure', ref: id },
          ],
          detail: {
            erasure: id,
            ...counts,
            ...(unreadableFrom && { unreadableFrom: unreadableFrom.toISOString() }),
          },
        },
      ]);
      const [record] = prepared.records;
      if (!record) throw new TypeError('an erasure without its record');
      await this.audit.write(trx, prepared);
      await this.erasures.complete(trx, id, record.id, erasedAt);
    });
  }
}

function added(
  counts: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...counts };
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
