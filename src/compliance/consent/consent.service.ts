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
import { deriveKey, open, seal } from '../../kernel/sealing.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
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
import { type Consent, EVERY_SUBJECT, type LawfulBasis, type RecordedConsent } from './consent.js';

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
    @InjectConfig('vault') private readonly keys: AppConfig['vault'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.states = new BatchedRead(database.asEngine, ConsentRepository.STATES);
  }

  /**
   * Appends consents and their audit event, which carries a hash over exactly these rows.
   *
   * @throws AppError VALIDATION_FAILED when two of them speak of the same subject and purpose (neither is newer),
   *   or when the session would speak of too many.
   */
  async record(trx: Trx, recording: ConsentRecording): Promise<void> {
    const { tenantId, sessionId, actorRef, requestId, consents } = recording;
    if (consents.length === 0) return;
    const key = this.keyOf(tenantId);
    const rows = await inTurns(consents, (consent) => this.rowOf(tenantId, key, consent));
    refuseContradictions(rows);
    await this.write(trx, { tenantId, sessionId, actorRef, requestId }, rows);
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
    const words = newestWords(
      await this.repository.findCurrent(trx, fromSessionId),
      await this.repository.findWithdrawnElsewhere(trx, tenantId, fromSessionId),
    );
    if (words.length === 0) return;
    const key = this.keyOf(tenantId);
    const rows = await inTurns(words, (word) => resealed(word, key));
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
    const rows = await this.repository.findCurrent(trx, sessionId);
    const tenantId = rows[0]?.tenant_id;
    if (tenantId === undefined) return [];
    const key = this.keyOf(tenantId);
    return inTurns(rows, (row) => ({
      subject: row.subject_sealed ? open(key, row.subject_sealed, row.id).toString('utf8') : EVERY_SUBJECT,
      purpose: row.purpose,
      lawfulBasis: row.lawful_basis as LawfulBasis,
      granted: row.granted,
      recordedAt: row.recorded_at,
    }));
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

  private rowOf(tenantId: string, key: Buffer, consent: Consent): NewConsent {
    const { subject, purpose, lawfulBasis, granted } = consent;
    const word = { id: newId(), purpose, lawfulBasis, granted };
    if (subject === EVERY_SUBJECT) return { ...word, subjectRef: EVERY_SUBJECT, subjectSealed: null };
    const subjectRef = this.vault.subjectRefOf(tenantId, subject);
    return { ...word, subjectRef, subjectSealed: seal(key, subject, word.id) };
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
function withoutSubject({ id, subjectRef, purpose, lawfulBasis, granted }: NewConsent) {
  return { id, subjectRef, purpose, lawfulBasis, granted };
}

/**
 * The newest word on each subject and purpose, oldest first: a withdrawal elsewhere counts unless the session's own
 * word is newer. Words of the same moment contradict each other, and then the withdrawal holds.
 */
function newestWords(own: readonly ConsentRow[], withdrawnElsewhere: readonly ConsentRow[]): ConsentRow[] {
  const words = new Map(own.map((row) => [`${row.subject_ref} ${row.purpose}`, row]));
  for (const row of withdrawnElsewhere) {
    const subjectAndPurpose = `${row.subject_ref} ${row.purpose}`;
    const held = words.get(subjectAndPurpose);
    if (held && held.recorded_at > row.recorded_at) continue;
    // Put last, so that among words of one moment the withdrawal comes after the grants.
    words.delete(subjectAndPurpose);
    words.set(subjectAndPurpose, row);
  }
  return [...words.values()].sort((one, other) => one.recorded_at.getTime() - other.recorded_at.getTime());
}

/** What was taken over ends by a later withdrawal elsewhere: of the subject, or of everybody. */
function withWithdrawals(states: readonly FoundState[], withdrawn: readonly ConsentRow[]): ConsentState[] {
  const withdrawals = new Map(withdrawn.map((row) => [row.subject_ref, row]));
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

/** A row for another session: what is sealed is bound to the id of its row. */
function resealed(row: ConsentRow, key: Buffer): NewConsent {
  const id = newId();
  return {
    id,
    subjectRef: row.subject_ref,
    subjectSealed: row.subject_sealed && seal(key, open(key, row.subject_sealed, row.id), id),
    purpose: row.purpose,
    lawfulBasis: row.lawful_basis,
    granted: row.granted,
    givenAt: row.recorded_at,
  };
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
