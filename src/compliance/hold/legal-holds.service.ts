import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { isId, newId } from '../../kernel/ids.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import type { HoldScope, LegalHold } from './legal-hold.js';
import { LegalHoldRepository } from './legal-hold.repository.js';

/** Who places or lifts a hold. */
export interface HoldActor {
  readonly tenantId: string;
  /** Id of the principal. */
  readonly id: string;
  readonly requestId: string;
}

/**
 * Orders to keep: nothing that a hold covers is removed by retention, dropped with its day, or erased. One person
 * places a hold; two end it, for who could lift it alone could have evidence removed alone.
 */
@Injectable()
export class LegalHolds {
  constructor(
    private readonly database: DatabaseService,
    private readonly holds: LegalHoldRepository,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError HOLD_EXISTS when the subject is held already. */
  place(actor: HoldActor, what: HoldScope, reference: string, settle?: Settle): Promise<LegalHold> {
    return this.database.withTenant(actor.tenantId, async (trx) => {
      const id = newId();
      const by = { reference, setBy: actor.id, setAt: this.clock.now() };
      if (!(await this.holds.insert(trx, actor.tenantId, id, what, by))) throw new AppError('HOLD_EXISTS');
      const hold = await this.getWithin(trx, id);
      await this.record(trx, actor, 'hold.placed', hold);
      await settle?.(trx, hold);
      return hold;
    });
  }

  /** Newest first; `before` is the id the last page ended with. */
  list(tenantId: string, limit: number, before: string | undefined): Promise<LegalHold[]> {
    return this.database.withTenant(tenantId, (trx) => this.holds.list(trx, limit, before));
  }

  /** @throws AppError HOLD_NOT_FOUND. */
  get(tenantId: string, id: string): Promise<LegalHold> {
    return this.database.withTenant(tenantId, (trx) => this.getWithin(trx, id));
  }

  /**
   * The first person asks for the end of a hold, the second one ends it; for one that has ended this changes nothing.
   *
   * @throws AppError HOLD_NOT_FOUND; HOLD_NEEDS_SECOND_PERSON when the one who asked asks again.
   */
  lift(actor: HoldActor, id: string): Promise<LegalHold> {
    return this.database.withTenant(actor.tenantId, (trx) => this.liftWithin(trx, actor, id));
  }

  /** The same for the hold on a subject. @throws AppError HOLD_NOT_FOUND, HOLD_NEEDS_SECOND_PERSON. */
  liftOfSubject(actor: HoldActor, subjectRef: string): Promise<LegalHold> {
    return this.database.withTenant(actor.tenantId, async (trx) => {
      const hold = await this.holds.ofSubject(trx, subjectRef);
      if (!hold) throw new AppError('HOLD_NOT_FOUND');
      return this.liftWithin(trx, actor, hold.id);
    });
  }

  /** Whether somebody's data must not be erased now. */
  isSubjectHeld(trx: Trx, subjectRef: string): Promise<boolean> {
    return this.holds.isSubjectHeld(trx, subjectRef);
  }

  private async liftWithin(trx: Trx, actor: HoldActor, id: string): Promise<LegalHold> {
    const hold = isId(id) ? await this.holds.lock(trx, id) : undefined;
    if (!hold) throw new AppError('HOLD_NOT_FOUND');
    if (hold.liftedAt) return hold;
    const now = this.clock.now();
    if (hold.liftRequestedBy === null) {
      await this.holds.requestLift(trx, id, actor.id, now);
      await this.record(trx, actor, 'hold.lift_requested', hold);
      return this.getWithin(trx, id);
    }
    if (hold.liftRequestedBy === actor.id) throw new AppError('HOLD_NEEDS_SECOND_PERSON');
    await this.holds.lift(trx, id, actor.id, now);
    await this.record(trx, actor, 'hold.lifted', hold);
    // What has waited for this may go on.
    await this.jobs.enqueue(trx, 'subjects.resume', { tenantId: actor.tenantId });
    return this.getWithin(trx, id);
  }

  private async getWithin(trx: Trx, id: string): Promise<LegalHold> {
    const hold = isId(id) ? await this.holds.find(trx, id) : undefined;
    if (!hold) throw new AppError('HOLD_NOT_FOUND');
    return hold;
  }

  private async record(trx: Trx, actor: HoldActor, type: HoldEvent, hold: LegalHold): Promise<void> {
    const { runId, subjectRef } = hold;
    await this.audit.append(trx, actor.tenantId, {
      type,
      outcome: 'success',
      actor: { type: 'apiKey', ref: actor.id },
      targets: [
        { type: 'legal_hold', ref: hold.id },
        ...(runId === null ? [] : [{ type: 'workflow', ref: runId }]),
        ...(subjectRef === null ? [] : [{ type: 'subject', ref: subjectRef }]),
      ],
      context: { requestId: actor.requestId },
      detail: {
        scope: hold.scope,
        reference: hold.reference,
        ...(hold.from && { from: hold.from.toISOString() }),
        ...(hold.to && { to: hold.to.toISOString() }),
      },
    });
  }
}

type HoldEvent = 'hold.placed' | 'hold.lift_requested' | 'hold.lifted';

/** Work that has to commit together with a hold. */
type Settle = (trx: Trx, hold: LegalHold) => Promise<void>;
