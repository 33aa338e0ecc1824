import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { BatchedRead } from '../../database/batched-read.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { canonicalHash } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { deriveKey, open } from '../../kernel/sealing.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { isSubjectSealed } from '../pii/subject-keys.js';
import { TokenVault } from '../pii/token-vault.service.js';
import { type ConsentState, type Coverage, decideCoverage } from './consent-coverage.js';
import {
  type ConsentQuestion,
  ConsentRepository,
  type ConsentRow,
  type ConsentStateRow,
  type FoundState,
  type NewConsent,
} from './consent.repository.js';
import {
  type Consent,
  EVERY_PURPOSE,
  EVERY_SUBJECT,
  type LawfulBasis,
  type PastConsent,
  type RecordedConsent,
} from './consent.js';
import { NOTHING_STOPPED, type StoppedWork, WorkStops } from './work-stops.js';

/** Subjects and purposes one session may speak of, so that its answer stays of a size. */
export const MAX_CONSENTS_OF_SESSION = 20_000;
const ITEMS_PER_TURN = 500;

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
 * On what basis a session may use whose data for what. Every word is kept; the newest counts. Outside the sealed
 * column a subject stands as a keyed hash only.
 */
@Injectable()
export class ConsentService {
  private readonly states: BatchedRead<ConsentQuestion, ConsentStateRow>;

  constructor(
    private readonly repository: ConsentRepository,
    private readonly vault: TokenVault,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    private readonly stops: WorkStops,
    @InjectConfig('vault') private readonly keys: AppConfig['vault'],
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
    const rows = await this.rowsOf(trx, tenantId, consents);
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
    const rows = await this.resealed(trx, tenantId, held);
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
    return this.presented(trx, await this.repository.findCurrent(trx, sessionId));
  }

  /** Every word of a session, or on a subject, oldest first; `after` is the id of the last one already seen. */
  async history(
    trx: Trx,
    of: { readonly sessionId: string } | { readonly subjectRef: string },
    limit: number,
    after?: string,
  ): Promise<PastConsent[]> {
    const rows = await this.repository.history(trx, of, limit, after);
    const words = await this.presented(trx, rows);
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

  /** A subject's own address is sealed under the subject's key, so that it goes with it. */
  private async rowsOf(trx: Trx, tenantId: string, consents: readonly Consent[]): Promise<NewConsent[]> {
    const words = await inTurns(consents, ({ subject, textVersion, ...word }) => ({
      ...word,
      id: newId(),
      textVersion: textVersion ?? null,
      subject,
      subjectRef: subject === EVERY_SUBJECT ? EVERY_SUBJECT : this.vault.subjectRefOf(tenantId, subject),
    }));
    return this.sealed(trx, tenantId, words);
  }

  /** Rows for another session: what is sealed is bound to the id of its row. */
  private async resealed(trx: Trx, tenantId: string, rows: readonly ConsentRow[]): Promise<NewConsent[]> {
    const subjects = await this.subjectsOf(trx, tenantId, rows);
    const words = rows.map((row, index) => ({
      id: newId(),
      subject: subjects[index],
      subjectRef: row.subject_ref,
      purpose: row.purpose,
      lawfulBasis: row.lawful_basis,
      granted: row.granted,
      textVersion: row.text_version,
      givenAt: row.recorded_at,
    }));
    return this.sealed(trx, tenantId, words);
  }

  private async sealed(
    trx: Trx,
    tenantId: string,
    words: readonly (Omit<NewConsent, 'subjectSealed'> & { readonly subject: string | undefined })[],
  ): Promise<NewConsent[]> {
    const named = words.flatMap(({ id, subject, subjectRef }) =>
      subject === undefined || subjectRef === EVERY_SUBJECT ? [] : [{ subjectRef, text: subject, place: id }],
    );
    const bytes = await this.vault.sealTexts(trx, tenantId, named);
    const sealedOf = new Map(named.map(({ place }, index) => [place, bytes[index]]));
    return words.map(({ subject: _inClear, ...word }) => ({
      ...word,
      subjectSealed: sealedOf.get(word.id) ?? null,
    }));
  }

  /** The subjects of rows in clear text; undefined where that is forgotten. */
  private async subjectsOf(
    trx: Trx,
    tenantId: string,
    rows: readonly ConsentRow[],
  ): Promise<(string | undefined)[]> {
    const own = rows.flatMap(({ id, subject_ref: subjectRef, subject_sealed: sealed }) =>
      sealed && isSubjectSealed(sealed) ? [{ subjectRef, sealed, place: id }] : [],
    );
    const opened = await this.vault.openTexts(trx, tenantId, own);
    const subjectOf = new Map(own.map(({ place }, index) => [place, opened[index]]));
    const key = this.keyOf(tenantId);
    return inTurns(rows, (row) => {
      if (row.subject_ref === EVERY_SUBJECT) return EVERY_SUBJECT;
      if (!row.subject_sealed) return undefined;
      // Earlier versions sealed with a key of the tenant.
      const bytes = isSubjectSealed(row.subject_sealed)
        ? subjectOf.get(row.id)
        : open(key, row.subject_sealed, row.id);
      return bytes?.toString('utf8');
    });
  }

  private async presented(trx: Trx, rows: readonly ConsentRow[]): Promise<RecordedConsent[]> {
    const tenantId = rows[0]?.tenant_id;
    if (tenantId === undefined) return [];
    const subjects = await this.subjectsOf(trx, tenantId, rows);
    return rows.map((row, index) => ({
      // Of somebody who was erased, the pseudonym is left.
      subject: subjects[index] ?? row.subject_ref,
      purpose: row.purpose,
      lawfulBasis: row.lawful_basis as LawfulBasis,
      granted: row.granted,
      ...(row.text_version !== null && { textVersion: row.text_version }),
      recordedAt: row.recorded_at,
    }));
  }

  private async refuseTooMany(trx: Trx, sessionId: string): Promise<void> {
    if ((await this.repository.countCurrent(trx, sessionId)) <= MAX_CONSENTS_OF_SESSION) return;
    const message = `a session speaks of at most ${MAX_CONSENTS_OF_SESSION} subjects and purposes`;
    throw new AppError('VALIDATION_FAILED', { errors: [{ path: 'consents', message }] });
  }

  private keyOf(tenantId: string): Buffer {
    return deriveKey(this.keys.kek, 'consent', tenantId);
  }
}

/** What of a row the trail vouches for: everything but the subject itself, which may have to go one day. */
function withoutSubject({ id, subjectRef, purpose, lawfulBasis, granted, textVersion }: NewConsent) {
  return { id, subjectRef, purpose, lawfulBasis, granted, ...(textVersion !== null && { textVersion }) };
}

/**
 * The newest word on each subject and purpose, oldest first: a withdrawal elsewhere counts unless the session's own
 * word is newer. Words of the same moment contradict each other, and then the withdrawal holds.
 */
function newestWords(own: readonly ConsentRow[], withdrawnElsewhere: readonly ConsentRow[]): ConsentRow[] {
  const words = new Map(own.map((row) => [`${row.subject_ref} ${row.purpose}`, row]));
  for (const row of withdrawnElsewhere.flatMap((each) => forEachPurpose(each, own))) {
    const subjectAndPurpose = `${row.subject_ref} ${row.purpose}`;
    const held = words.get(subjectAndPurpose);
    if (held && held.recorded_at > row.recorded_at) continue;
    // Put last, so that among words of one moment the withdrawal comes after the grants.
    words.delete(subjectAndPurpose);
    words.set(subjectAndPurpose, row);
  }
  return [...words.values()].sort((one, other) => one.recorded_at.getTime() - other.recorded_at.getTime());
}

/** A withdrawal of everything is one of each purpose that was spoken of. */
function forEachPurpose(row: ConsentRow, own: readonly ConsentRow[]): ConsentRow[] {
  if (row.purpose !== EVERY_PURPOSE) return [row];
  return [...new Set(own.map(({ purpose }) => purpose))].map((purpose) =>
    Object.assign({}, row, { purpose }),
  );
}

/** What was taken over ends by a later withdrawal elsewhere: of the subject, or of everybody. */
function withWithdrawals(states: readonly FoundState[], withdrawn: readonly ConsentRow[]): ConsentState[] {
  const oldestFirst = withdrawn.toSorted(
    (one, other) => one.recorded_at.getTime() - other.recorded_at.getTime(),
  );
  const withdrawals = new Map(oldestFirst.map((row) => [row.subject_ref, row]));
  const isWithdrawn = ({ carried, recordedAt }: FoundState, ...refs: string[]) =>
    carried && refs.some((ref) => (withdrawals.get(ref)?.recorded_at ?? 0) >= recordedAt);
  const held = states.map((state) =>
    isWithdrawn(state, state.subjectRef, EVERY_SUBJECT) ? { ...state, granted: false } : state,
  );
  // Subjects that are granted with everybody only.
  const everybody = states.find((state) => state.subjectRef === EVERY_SUBJECT);
  const named = new Set(states.map((state) => state.subjectRef));
  const others = withdrawn
    .filter(({ subject_ref: ref }) => everybody && !named.has(ref) && isWithdrawn(everybody, ref))
    .map((row) => ({
      id: row.id,
      subjectRef: row.subject_ref,
      lawfulBasis: row.lawful_basis,
      granted: false,
    }));
  return [...held, ...others];
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

/** Maps a long list without keeping the process from everything else: sealing costs some 15 µs an item. */
async function inTurns<T, R>(items: readonly T[], map: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    if (results.length > 0 && results.length % ITEMS_PER_TURN === 0) await nextTurn();
    results.push(map(item));
  }
  return results;
}
