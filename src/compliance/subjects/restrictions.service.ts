import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { NOTHING_STOPPED, WorkStops } from '../consent/work-stops.js';
import { type Restriction, RestrictionRepository } from './restriction.repository.js';
import type { SubjectActor } from './subject-actor.js';

/** People whose data is kept and not used (GDPR Art. 18): no work for them, no removal of what is held. */
@Injectable()
export class Restrictions {
  constructor(
    private readonly database: DatabaseService,
    private readonly restrictions: RestrictionRepository,
    private readonly stops: WorkStops,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Restricts a person's data and stops the work on it; one that is restricted already stays so. */
  async restrict(actor: SubjectActor, subjectRef: string): Promise<Restriction> {
    const { tenantId, id: actorRef, requestId } = actor;
    const { restriction, stopped } = await this.database.withTenant(tenantId, async (trx) => {
      const wanted = { subjectRef, setBy: actorRef, setAt: this.clock.now() };
      if (!(await this.restrictions.insert(trx, tenantId, wanted))) {
        const standing = (await this.restrictions.find(trx, subjectRef)) ?? wanted;
        return { restriction: standing, stopped: NOTHING_STOPPED };
      }
      const reason = 'SUBJECT_RESTRICTED' as const;
      const subjectRefs = [subjectRef];
      const work = await this.stops.stop(trx, { tenantId, reason, actorRef, requestId, subjectRefs });
      const { runsCancelled, recipientsLeftOut } = work;
      await this.audit.append(trx, tenantId, {
        type: 'subject.restricted',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [{ type: 'subject', ref: subjectRef }],
        context: { requestId },
        detail: { runsCancelled, recipientsLeftOut },
      });
      return { restriction: wanted, stopped: work };
    });
    stopped.committed();
    return restriction;
  }

  /** Lets a person's data be used again; an erasure that has waited for this goes on. @throws AppError RESTRICTION_NOT_FOUND. */
  async lift({ tenantId, id: actorRef, requestId }: SubjectActor, subjectRef: string): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      if (!(await this.restrictions.remove(trx, subjectRef))) throw new AppError('RESTRICTION_NOT_FOUND');
      await this.audit.append(trx, tenantId, {
        type: 'subject.restriction_lifted',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [{ type: 'subject', ref: subjectRef }],
        context: { requestId },
      });
      await this.jobs.enqueue(trx, 'subjects.resume', { tenantId });
    });
  }

  /** @throws AppError RESTRICTION_NOT_FOUND. */
  async get(tenantId: string, subjectRef: string): Promise<Restriction> {
    const found = await this.database.withTenant(tenantId, (trx) => this.restrictions.find(trx, subjectRef));
    if (!found) throw new AppError('RESTRICTION_NOT_FOUND');
    return found;
  }
}
