import { Injectable } from '@nestjs/common';
import { type Selectable, sql } from 'kysely';
import type { ConsentTable } from '../../database/tables.js';
import type { BatchedQuestion } from '../../database/batched-read.js';
import type { Trx } from '../../database/trx.js';
import { within } from '../../database/within.js';
import type { ConsentState } from './consent-coverage.js';
import { EVERY_PURPOSE, EVERY_SUBJECT } from './consent.js';

export interface NewConsent {
  readonly id: string;
  readonly subjectRef: string;
  readonly subjectSealed: Buffer | null;
  readonly purpose: string;
  readonly lawfulBasis: string;
  readonly granted: boolean;
  readonly textVersion: string | null;
  /** When the word was given, for one that is carried over from another session; else when its batch was recorded. */
  readonly givenAt?: Date;
}

/** A word as its row holds it. */
export type ConsentRow = Selectable<ConsentTable>;

/** A state, with what tells whether a withdrawal elsewhere holds against it. */
export interface FoundState extends ConsentState {
  readonly recordedAt: Date;
  readonly carried: boolean;
}

/** Consents recorded together. */
export interface NewConsents {
  readonly tenantId: string;
  /** Null for withdrawals that hold in every session. */
  readonly sessionId: string | null;
  readonly recordedBy: string;
  readonly recordedAt: Date;
  readonly rows: readonly NewConsent[];
}

/** Stands in place of an id where nothing may be newer. */
const NEWER_THAN_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The table `consent`: a history that only grows. */
@Injectable()
export class ConsentRepository {
  /** Arrays, because a `values` list of 10,000 rows would exceed the 65,535 parameters of the protocol. */
  async insert(trx: Trx, batch: NewConsents): Promise<void> {
    const { rows } = batch;
    await sql`
      insert into consent (tenant_id, session_id, recorded_by,
                           id, subject_ref, subject_sealed, purpose, lawful_basis, granted, text_version,
                           recorded_at, carried)
      select ${batch.tenantId}::uuid, ${batch.sessionId}::uuid, ${batch.recordedBy}, new.*
      from unnest(
        ${rows.map((row) => row.id)}::uuid[],
        ${rows.map((row) => row.subjectRef)}::text[],
        ${rows.map((row) => row.subjectSealed)}::bytea[],
        ${rows.map((row) => row.purpose)}::text[],
        ${rows.map((row) => row.lawfulBasis)}::text[],
        ${rows.map((row) => row.granted)}::boolean[],
        ${rows.map((row) => row.textVersion)}::text[],
        ${rows.map((row) => row.givenAt ?? batch.recordedAt)}::timestamptz[],
        ${rows.map((row) => row.givenAt !== undefined)}::boolean[]
      ) as new`.execute(trx);
  }

  /** What holds in a session: the newest row of each subject and purpose, oldest first. */
  async findCurrent(trx: Trx, sessionId: string): Promise<ConsentRow[]> {
    return trx
      .selectFrom((query) =>
        query
          .selectFrom('consent')
          .distinctOn(['purpose', 'subject_ref'])
          .selectAll()
          .where('session_id', '=', sessionId)
          .orderBy('purpose')
          .orderBy('subject_ref')
          .orderBy('id', 'desc')
          .as('newest'),
      )
      .selectAll()
      .orderBy('id')
      .execute();
  }

  /**
   * Withdrawals in any other session of the tenant that speak of what this session was granted, and came no earlier:
   * the newest of each subject and purpose.
   *
   * @param only of one purpose and these subjects; of all when absent.
   */
  async findWithdrawnElsewhere(
    trx: Trx,
    tenantId: string,
    sessionId: string,
    only?: { readonly purpose: string; readonly subjectRefs: readonly string[] },
  ): Promise<ConsentRow[]> {
    let withdrawals = trx
      .selectFrom('consent as withdrawal')
      .distinctOn(['purpose', 'subject_ref'])
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('session_id', 'is distinct from', sessionId)
      .where('granted', '=', false)
      .where(({ exists, selectFrom, or, ref }) =>
        exists(
          selectFrom('consent as given')
            .select('given.id')
            .where('given.session_id', '=', sessionId)
            .where((eb) =>
              or([
                eb('given.purpose', '=', ref('withdrawal.purpose')),
                eb(ref('withdrawal.purpose'), '=', EVERY_PURPOSE),
              ]),
            )
            .where('given.granted', '=', true)
            .whereRef('given.recorded_at', '<=', 'withdrawal.recorded_at')
            .where((eb) =>
              or([
                eb('given.subject_ref', '=', ref('withdrawal.subject_ref')),
                eb('given.subject_ref', '=', EVERY_SUBJECT),
                eb(ref('withdrawal.subject_ref'), '=', EVERY_SUBJECT),
              ]),
            ),
        ),
      )
      .orderBy('purpose')
      .orderBy('subject_ref')
      .orderBy('recorded_at', 'desc');
    if (only) {
      withdrawals = withdrawals
        .where('purpose', 'in', [only.purpose, EVERY_PURPOSE])
        .where(sql<boolean>`withdrawal.subject_ref = any(${[...only.subjectRefs]}::text[])`);
    }
    return withdrawals.execute();
  }

  /** The same as {@link STATES} inside a transaction, which sees what it has written itself. */
  async states(trx: Trx, question: ConsentQuestion): Promise<FoundState[]> {
    const { name, text, rowOf } = ConsentRepository.STATES;
    const values = [JSON.stringify([{ n: 0, ...rowOf(question) }])];
    return within(trx)<ConsentStateRow>({ name, text, values });
  }

  /** Every word of a session, or on a subject, oldest first; `after` is the id of the last one already seen. */
  history(
    trx: Trx,
    of: { readonly sessionId: string } | { readonly subjectRef: string },
    limit: number,
    after: string | undefined,
  ): Promise<ConsentRow[]> {
    let rows = trx.selectFrom('consent').selectAll().orderBy('id').limit(limit);
    rows =
      'sessionId' in of
        ? rows.where('session_id', '=', of.sessionId)
        : rows.where('subject_ref', '=', of.subjectRef);
    return (after === undefined ? rows : rows.where('id', '>', after)).execute();
  }

  /** Takes the subject itself out of the words on them; that they were given stays. For `withRetention`. */
  async forgetSubject(trx: Trx, subjectRef: string): Promise<number> {
    const { numUpdatedRows } = await trx
      .updateTable('consent')
      .set({ subject_sealed: null })
      .where('subject_ref', '=', subjectRef)
      .where('subject_sealed', 'is not', null)
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /** How many subjects and purposes a session speaks of. */
  async countCurrent(trx: Trx, sessionId: string): Promise<number> {
    const { count } = await trx
      .selectFrom((query) =>
        query
          .selectFrom('consent')
          .distinct()
          .select(['purpose', 'subject_ref'])
          .where('session_id', '=', sessionId)
          .as('spoken_of'),
      )
      .select(sql<string>`count(*)`.as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /**
   * The newest word on each subject asked for, by session and purpose: of the session, or withdrawn for the whole
   * tenant. Nobody's word counts on a person whose data is restricted or being erased.
   */
  static readonly STATES: BatchedQuestion<ConsentQuestion> = {
    name: 'consent-states',
    text: `select x.n, c.* from json_to_recordset($1::json) as x(
        n int, tenant_id uuid, session_id uuid, purpose text, subject_refs json)
      cross join lateral (
        with asked as materialized (select array(select json_array_elements_text(x.subject_refs)) as refs)
        select distinct on (subject_ref) id, subject_ref as "subjectRef", granted, lawful_basis as "lawfulBasis",
          recorded_at as "recordedAt", carried
        from (
          select id, subject_ref, granted, lawful_basis, recorded_at, carried from consent
          where tenant_id = x.tenant_id and session_id = x.session_id and purpose = x.purpose
            and subject_ref = any((select refs from asked)::text[])
          union all
          select id, subject_ref, granted, lawful_basis, recorded_at, carried from consent
          where tenant_id = x.tenant_id and session_id is null and purpose in (x.purpose, '*')
            and subject_ref = any((select refs from asked)::text[])
          union all
          select '${NEWER_THAN_ALL}', subject_ref, false, '', set_at, false from subject_restriction
          where tenant_id = x.tenant_id and subject_ref = any((select refs from asked)::text[])
          union all
          select '${NEWER_THAN_ALL}', subject_ref, false, '', requested_at, false from erasure
          where tenant_id = x.tenant_id and completed_at is null and subject_ref = any((select refs from asked)::text[])
        ) as said
        order by subject_ref, id desc) as c`,
    rowOf: ({ tenantId, sessionId, purpose, subjectRefs }) => ({
      tenant_id: tenantId,
      session_id: sessionId,
      purpose,
      subject_refs: subjectRefs,
    }),
  };
}

export interface ConsentQuestion {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly purpose: string;
  readonly subjectRefs: readonly string[];
}

export type ConsentStateRow = FoundState & { readonly n: number };
