import { Inject, Injectable } from '@nestjs/common';
import { BatchedRead } from '../../database/batched-read.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { canonicalHash } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { type Coverage, decideCoverage } from './consent-coverage.js';
import { ConsentSeal } from './consent-seal.service.js';
import { newestWords, withWithdrawals } from './consent-words.js';
import {
  type ConsentQuestion,
  ConsentRepository,
  type ConsentRow,
  type ConsentStateRow,
  type NewConsent,
} from './consent.repository.js';
import {
  type Consent,
  EVERY_PURPOSE,
  EVERY_SUBJECT,
  type PastConsent,
  type RecordedConsent,
} from './consent.js';
import { NOTHING_STOPPED, type StoppedWork, WorkStops } from './work-stops.js';

/** Subjects and purposes one session may speak of, so that its answer stays of a size. */
export const MAX_CONSENTS_OF_SESSION = 20_000;

/** Consents to write down, and who says so. */
export interface ConsentRecording {
  readonly tenantId: string;
  readonly sessionId: string;
  /** Id of the principal. */
  readonly actorRef: string;
  readonly requestId: string;
  readonly consents: readonly Consent[];
}

/**
 * On what basis a session may use whose data for what. Every word is kept; the newest counts.
 */
@Injectable()
export class ConsentService {
  private readonly states: BatchedRead<ConsentQuestion, ConsentStateRow>;

  constructor(
    private readonly repository: ConsentRepository,
    private readonly seal: ConsentSeal,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    private readonly stops: WorkStops,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.states = new BatchedRead(database.asEngine, ConsentRepository.STATES);
  }

  /**
   * Appends consents and their audit event, which carries a hash over exactly these rows. What a withdrawal takes the
   * ground from is stopped in the same transaction.
   *
   * @throws AppError VALIDATION_FAILED when two of them speak of the same subject and purpose (neither is newer),
   *   or when the session would speak of too many.
   */
  async record(trx: Trx, recording: ConsentRecording): Promise<StoppedWork> {
    const { tenantId, sessionId, actorRef, requestId, consents } = recording;
    if (consents.length === 0) return NOTHING_STOPPED;
    const rows = await this.seal.rowsOf(trx, tenantId, consents);
    refuseContradictions(rows);
    await this.write(trx, { tenantId, sessionId, actorRef, requestId }, rows);
    const withdrawn = rows.filter(({ granted }) => !granted);
    if (withdrawn.length === 0) return NOTHING_STOPPED;
    return this.stops.stop(trx, {
      tenantId,
      reason: 'CONSENT_WITHDRAWN',
      actorRef,
      requestId,
      subjectRefs: withdrawn.map(({ subjectRef }) => subjectRef).filter((ref) => ref !== EVERY_SUBJECT),
      purposes: [...new Set(withdrawn.map(({ purpose }) => purpose))],
      ...(withdrawn.some(({ subjectRef }) => subjectRef === EVERY_SUBJECT) && { sessionId }),
    });
  }

  /**
   * Withdraws for the whole tenant what a subject has agreed to, in whatever session, and stops the work that rests
   * on it. What is granted afterwards counts again.
   *
   * @param purpose every purpose when absent.
   */
  async withdraw(
    trx: Trx,
    { tenantId, actorRef, requestId }: Pick<ConsentRecording, 'tenantId' | 'actorRef' | 'requestId'>,
    subjectRef: string,
    purpose?: string,
  ): Promise<StoppedWork> {
    const row: NewConsent = {
      id: newId(),
      subjectRef,
      subjectSealed: null,
      purpose: purpose ?? EVERY_PURPOSE,
      lawfulBasis: 'consent',
      granted: false,
      textVersion: null,
    };
    const recordedAt = this.clock.now();
    await this.repository.insert(trx, {
      tenantId,
      sessionId: null,
      recordedBy: actorRef,
      recordedAt,
      rows: [row],
    });
    await this.audit.append(trx, tenantId, {
      type: 'consent.withdrawn',
      outcome: 'success',
      actor: { type: 'apiKey', ref: actorRef },
      targets: [{ type: 'subject', ref: subjectRef }],
      context: { requestId },
      detail: { purpose: row.purpose, recordsHash: canonicalHash([withoutSubject(row)]) },
    });
    return this.stops.stop(trx, {
      tenantId,
      reason: 'CONSENT_WITHDRAWN',
      actorRef,
      requestId,
      subjectRefs: [subjectRef],
      ...(purpose !== undefined && { purposes: [purpose] }),
    });
  }

  /**
   * Gives a session the consents that another one holds, each with the time at which it was given. What was withdrawn
   * since, in whatever session of the tenant, is carried over as withdrawn; what was granted elsewhere is not.
   *
   * @throws AppError VALIDATION_FAILED when the session would speak of too many subjects and purposes.
   */
  async carryOver(
    trx: Trx,
    fromSessionId: string,
    { tenantId, sessionId, actorRef, requestId }: Omit<ConsentRecording, 'consents'>,
  ): Promise<void> {
    const held = newestWords(
      await this.repository.findCurrent(trx, fromSessionId),
      await this.repository.findWithdrawnElsewhere(trx, tenantId, fromSessionId),
    );
    if (held.length === 0) return;
    const rows = await this.seal.resealed(trx, tenantId, held);
    await this.write(trx, { tenantId, sessionId, actorRef, requestId }, rows);
  }

  private async write(
    trx: Trx,
    { tenantId, sessionId, actorRef, requestId }: Omit<ConsentRecording, 'consents'>,
    rows: readonly NewConsent[],
  ): Promise<void> {
    const recordedAt = this.clock.now();
    await this.repository.insert(trx, { tenantId, sessionId, recordedBy: actorRef, recordedAt, rows });
    await this.refuseTooMany(trx, sessionId);
    const granted = rows.filter((row) => row.granted).length;
    await this.audit.append(trx, tenantId, {
      type: 'consent.recorded',
      outcome: 'success',
      actor: { type: 'apiKey', ref: actorRef },
      targets: [{ type: 'session', ref: sessionId }],
      sessionId,
      context: { requestId },
      detail: {
        granted,
        withdrawn: rows.length - granted,
        recordsHash: canonicalHash(rows.map(withoutSubject)),
      },
    });
  }

  /** What holds in a session, in the order it was recorded, with the subjects in clear text: for its owner only. */
  async current(trx: Trx, sessionId: string): Promise<RecordedConsent[]> {
    return this.seal.presented(trx, await this.repository.findCurrent(trx, sessionId));
  }

  /** Every word of a session, or on a subject, oldest first; `after` is the id of the last one already seen. */
  async history(
    trx: Trx,
    of: { readonly sessionId: string } | { readonly subjectRef: string },
    limit: number,
    after?: string,
  ): Promise<PastConsent[]> {
    const rows = await this.repository.history(trx, of, limit, after);
    const words = await this.seal.presented(trx, rows);
    return words.map((word, index) => {
      const row = rows[index] as ConsentRow;
      return Object.assign(word, { id: row.id, sessionId: row.session_id, recordedBy: row.recorded_by });
    });
  }

  /** Takes the subject itself out of the words on them. For `withRetention`. */
  forgetSubject(trx: Trx, subjectRef: string): Promise<number> {
    return this.repository.forgetSubject(trx, subjectRef);
  }

  /**
   * Whether the session holds a granted consent for each subject; the rules stand at {@link decideCoverage}. What it
   * has taken over from another session must not have been withdrawn anywhere since.
   */
  async covers(
    tenantId: string,
    sessionId: string,
    purpose: string,
    subjectRefs: readonly string[],
  ): Promise<Coverage> {
    const asked = [...subjectRefs, EVERY_SUBJECT];
    const states = await this.states.ask({ tenantId, sessionId, purpose, subjectRefs: asked });
    if (!states.some((state) => state.carried)) return decideCoverage(states, subjectRefs);
    const withdrawn = await this.database.withTenant(tenantId, (trx) =>
      this.repository.findWithdrawnElsewhere(trx, tenantId, sessionId, { purpose, subjectRefs: asked }),
    );
    return decideCoverage(withWithdrawals(states, withdrawn), subjectRefs);
  }

  /** The same inside a transaction, which counts what it has written itself. */
  async coversWithin(trx: Trx, question: ConsentQuestion): Promise<Coverage> {
    const { tenantId, sessionId, purpose, subjectRefs } = question;
    const asked = [...subjectRefs, EVERY_SUBJECT];
    const states = await this.repository.states(trx, { ...question, subjectRefs: asked });
    if (!states.some((state) => state.carried)) return decideCoverage(states, subjectRefs);
    const only = { purpose, subjectRefs: asked };
    const withdrawn = await this.repository.findWithdrawnElsewhere(trx, tenantId, sessionId, only);
    return decideCoverage(withWithdrawals(states, withdrawn), subjectRefs);
  }

  private async refuseTooMany(trx: Trx, sessionId: string): Promise<void> {
    if ((await this.repository.countCurrent(trx, sessionId)) <= MAX_CONSENTS_OF_SESSION) return;
    const message = `a session speaks of at most ${MAX_CONSENTS_OF_SESSION} subjects and purposes`;
    throw new AppError('VALIDATION_FAILED', { errors: [{ path: 'consents', message }] });
  }
}

/** What of a row the trail vouches for: everything but the subject itself, which may have to go one day. */
function withoutSubject({ id, subjectRef, purpose, lawfulBasis, granted, textVersion }: NewConsent) {
  return { id, subjectRef, purpose, lawfulBasis, granted, ...(textVersion !== null && { textVersion }) };
}

function refuseContradictions(rows: readonly NewConsent[]): void {
  const seen = new Set<string>();
  for (const [index, { subjectRef, purpose }] of rows.entries()) {
    const subjectAndPurpose = `${subjectRef} ${purpose}`;
    if (seen.has(subjectAndPurpose)) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ path: `consents.${index}`, message: 'names a subject and purpose a second time' }],
      });
    }
    seen.add(subjectAndPurpose);
  }
}
