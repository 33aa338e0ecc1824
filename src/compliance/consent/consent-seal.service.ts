import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { Trx } from '../../database/trx.js';
import { newId } from '../../kernel/ids.js';
import { deriveKey, open } from '../../kernel/sealing.js';
import { isSubjectSealed } from '../pii/subject-keys.js';
import { TokenVault } from '../pii/token-vault.service.js';
import type { ConsentRow, NewConsent } from './consent.repository.js';
import { type Consent, EVERY_SUBJECT, type LawfulBasis, type RecordedConsent } from './consent.js';

const ITEMS_PER_TURN = 500;

/** Turns consents into rows and back: outside the sealed column a subject stands as a keyed hash only. */
@Injectable()
export class ConsentSeal {
  constructor(
    private readonly vault: TokenVault,
    @InjectConfig('vault') private readonly keys: AppConfig['vault'],
  ) {}

  /** A subject's own address is sealed under the subject's key, so that it goes with it. */
  async rowsOf(trx: Trx, tenantId: string, consents: readonly Consent[]): Promise<NewConsent[]> {
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
  async resealed(trx: Trx, tenantId: string, rows: readonly ConsentRow[]): Promise<NewConsent[]> {
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

  /** Rows as their reader is shown them. */
  async presented(trx: Trx, rows: readonly ConsentRow[]): Promise<RecordedConsent[]> {
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

  private keyOf(tenantId: string): Buffer {
    return deriveKey(this.keys.kek, 'consent', tenantId);
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
