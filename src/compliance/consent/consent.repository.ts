import { Injectable } from '@nestjs/common';
import { type Selectable, sql } from 'kysely';
import type { ConsentTable } from '../../database/tables.js';
import type { BatchedQuestion } from '../../database/batched-read.js';
import type { Trx } from '../../database/trx.js';
import type { ConsentState } from './consent-coverage.js';

export interface NewConsent {
  readonly id: string;
  readonly subjectRef: string;
  readonly subjectSealed: Buffer | null;
  readonly purpose: string;
  readonly lawfulBasis: string;
  readonly granted: boolean;
}

/** Consents recorded together. */
export interface NewConsents {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly recordedBy: string;
  readonly recordedAt: Date;
  readonly rows: readonly NewConsent[];
}

/** The table `consent`: a history that only grows. */
@Injectable()
export class ConsentRepository {
  /** Arrays, because a `values` list of 10,000 rows would exceed the 65,535 parameters of the protocol. */
  async insert(trx: Trx, batch: NewConsents): Promise<void> {
    const { rows } = batch;
    await sql`
      insert into consent (tenant_id, session_id, recorded_by, recorded_at,
                           id, subject_ref, subject_sealed, purpose, lawful_basis, granted)
      select ${batch.tenantId}::uuid, ${batch.sessionId}::uuid, ${batch.recordedBy}, ${batch.recordedAt}::timestamptz, new.*
      from unnest(
        ${rows.map((row) => row.id)}::uuid[],
        ${rows.map((row) => row.subjectRef)}::text[],
        ${rows.map((row) => row.subjectSealed)}::bytea[],
        ${rows.map((row) => row.purpose)}::text[],
        ${rows.map((row) => row.lawfulBasis)}::text[],
        ${rows.map((row) => row.granted)}::boolean[]
      ) as new`.execute(trx);
  }

  /** What holds in a session: the newest row of each subject and purpose, oldest first. */
  async findCurrent(trx: Trx, sessionId: string): Promise<Selectable<ConsentTable>[]> {
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

  /** The newest row of each subject asked for, by session and purpose. */
  static readonly STATES: BatchedQuestion<ConsentQuestion> = {
    name: 'consent-states',
    text: `select x.n, c.* from json_to_recordset($1::json) as x(
        n int, tenant_id uuid, session_id uuid, purpose text, subject_refs json)
      cross join lateral (
        select distinct on (subject_ref) id, subject_ref as "subjectRef", granted, lawful_basis as "lawfulBasis"
        from consent
        where tenant_id = x.tenant_id and session_id = x.session_id and purpose = x.purpose
          and subject_ref = any(array(select json_array_elements_text(x.subject_refs)))
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

export type ConsentStateRow = ConsentState & { readonly n: number };
