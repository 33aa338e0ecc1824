import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { isId, newId } from '../../kernel/ids.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { NOTHING_STOPPED, WorkStops } from '../consent/work-stops.js';
import { LegalHolds } from '../hold/legal-holds.service.js';
import type { Erasure } from './erasure.js';
import { ErasureRepository } from './erasure.repository.js';
import { RestrictionRepository } from './restriction.repository.js';
import type { SubjectActor } from './subject-actor.js';

/** Takes requests to erase a person, and tells what became of them. */
@Injectable()
export class Erasures {
  constructor(
    private readonly database: DatabaseService,
    private readonly erasures: ErasureRepository,
    private readonly restrictions: RestrictionRepository,
    private readonly holds: LegalHolds,
    private readonly stops: WorkStops,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Asks for the erasure of a person. From the commit on nothing more is done with their data; the rest is a job's.
   * Where a hold or a restriction stands in the way, it waits for the end of that. Asked for again it is the same one.
   */
  async request(actor: SubjectActor, subjectRef: string): Promise<Erasure> {
    const { erasure, stopped } = await this.database.withTenant(actor.tenantId, async (trx) => {
      const opened = await this.open(trx, actor, subjectRef);
      if (!opened) return { erasure: await this.underWay(trx, subjectRef), stopped: NOTHING_STOPPED };
      const { tenantId, id: actorRef, requestId } = actor;
      const reason = 'SUBJECT_ERASED' as const;
      const subjectRefs = [subjectRef];
      const work = await this.stops.stop(trx, { tenantId, reason, actorRef, requestId, subjectRefs });
      const { runsCancelled, recipientsLeftOut } = work;
      await this.audit.append(trx, tenantId, {
        type: 'subject.erasure_requested',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [{ type: 'subject', ref: subjectRef }],
        context: { requestId },
        detail: { erasure: opened, runsCancelled, recipientsLeftOut },
      });
      await this.proceed(trx, tenantId, opened, subjectRef);
      return { erasure: await this.getWithin(trx, opened), stopped: work };
    });
    stopped.committed();
    return erasure;
  }

  /** @throws AppError ERASURE_NOT_FOUND. */
  get(tenantId: string, id: string): Promise<Erasure> {
    return this.database.withTenant(tenantId, (trx) => this.getWithin(trx, id));
  }

  /** Looks again at what had to wait. */
  async resume(tenantId: string): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      for (const id of await this.erasures.deferred(trx)) {
        const erasure = await this.erasures.lock(trx, id);
        if (erasure && !(await this.obstacle(trx, erasure.subjectRef)))
          await this.jobs.enqueue(trx, 'subjects.erase', { tenantId, erasureId: id });
      }
    });
  }

  /** What stands in the way of erasing somebody now. */
  async obstacle(trx: Trx, subjectRef: string): Promise<Erasure['deferredBy']> {
    if (await this.holds.isSubjectHeld(trx, subjectRef)) return 'hold';
    return (await this.restrictions.find(trx, subjectRef)) ? 'restriction' : null;
  }

  /** Puts an erasure off. */
  async defer(trx: Trx, erasure: Erasure, by: NonNullable<Erasure['deferredBy']>): Promise<void> {
    await this.erasures.defer(trx, erasure.id, by);
    await this.audit.append(trx, erasure.tenantId, {
      type: 'subject.erasure_deferred',
      outcome: 'success',
      actor: { type: 'system', ref: 'erasure' },
      targets: [{ type: 'subject', ref: erasure.subjectRef }],
      detail: { erasure: erasure.id, deferredBy: by },
    });
  }

  /** The id of a new one; undefined when one is under way. */
  private async open(trx: Trx, actor: SubjectActor, subjectRef: string): Promise<string | undefined> {
    const { tenantId, id: requestedBy, requestId } = actor;
    const id = newId();
    const wanted = { id, tenantId, subjectRef, requestedBy, requestId, requestedAt: this.clock.now() };
    return (await this.erasures.insert(trx, wanted)) ? id : undefined;
  }

  private async proceed(trx: Trx, tenantId: string, id: string, subjectRef: string): Promise<void> {
    const obstacle = await this.obstacle(trx, subjectRef);
    if (obstacle) await this.defer(trx, await this.getWithin(trx, id), obstacle);
    else await this.jobs.enqueue(trx, 'subjects.erase', { tenantId, erasureId: id });
  }

  private async underWay(trx: Trx, subjectRef: string): Promise<Erasure> {
    const erasure = await this.erasures.open(trx, subjectRef);
    // It was completed between the two looks; whoever asks again gets a new one.
    if (!erasure) throw new AppError('SERVICE_UNAVAILABLE');
    return erasure;
  }

  private async getWithin(trx: Trx, id: string): Promise<Erasure> {
    const erasure = isId(id) ? await this.erasures.find(trx, id) : undefined;
    if (!erasure) throw new AppError('ERASURE_NOT_FOUND');
    return erasure;
  }
}
