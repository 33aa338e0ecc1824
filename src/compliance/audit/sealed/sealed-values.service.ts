import { Injectable } from '@nestjs/common';
import type { Trx } from '../../../database/trx.js';
import { AppError } from '../../../kernel/app-error.js';
import type { JsonValue } from '../../../kernel/canonical-json.js';
import { TokenVault } from '../../pii/token-vault.service.js';
import type { AuditFact } from '../audit-leaf.js';
import { AuditTrail } from '../audit-trail.service.js';
import { type Commitment, commitTo, opens, packed, type PersonalField, unpacked } from './commitment.js';
import { type SealedValueRow, SealedValuesRepository } from './sealed-values.repository.js';

/** A fact whose type carries `sealed`, without it: that is made from the personal fields. */
export type SealableFact = Omit<Extract<AuditFact, { readonly sealed?: readonly Commitment[] }>, 'sealed'>;

/** A personal value of an event in clear. */
interface OpenedValue {
  readonly path: string;
  readonly value: JsonValue;
}

/** One with the salt that opens its commitment. */
export interface DisclosedValue extends OpenedValue {
  readonly salt: Buffer;
}

/** An event about a person. */
export interface EventOfSubject {
  readonly id: string;
  readonly type: string;
  readonly outcome: string;
  readonly occurredAt: Date;
  readonly values: readonly OpenedValue[];
}

/**
 * Personal values of events. The leaf holds a commitment to each; the value stands beside it, sealed under the key of
 * its person. So a value can be shown and proved, and goes with the person's key while every proof stays valid.
 */
@Injectable()
export class SealedValues {
  constructor(
    private readonly trail: AuditTrail,
    private readonly repository: SealedValuesRepository,
    private readonly vault: TokenVault,
  ) {}

  /**
   * Records a fact with personal fields.
   *
   * @returns the id of the event.
   * @throws AppError AUDIT_UNAVAILABLE, VAULT_UNAVAILABLE; the transaction must then be given up.
   */
  async append(
    trx: Trx,
    tenantId: string,
    fact: SealableFact,
    personal: readonly PersonalField[],
  ): Promise<string> {
    const committed = personal.map(commitTo);
    const sealed = committed.map(({ commitment }) => commitment);
    const prepared = this.trail.prepare(tenantId, [{ ...fact, sealed } as AuditFact]);
    const [record] = prepared.records;
    if (!record) throw new AppError('AUDIT_UNAVAILABLE');
    const bytes = await this.vault.sealTexts(
      trx,
      tenantId,
      committed.map(({ commitment, opening }) => ({
        subjectRef: commitment.s,
        text: packed(opening),
        place: placeOf(tenantId, record.id, commitment),
      })),
    );
    await this.trail.write(trx, prepared);
    const rows = sealed.map(({ f: path, s: subjectRef }, index) => ({
      eventId: record.id,
      path,
      subjectRef,
      sealed: bytes[index] as Buffer,
      occurredAt: record.occurredAt,
    }));
    if (rows.length > 0) await this.repository.insert(trx, tenantId, rows);
    return record.id;
  }

  /**
   * The values of events in clear, by their ids; those of people who were erased are left out.
   *
   * @throws AppError VAULT_UNAVAILABLE when a value is not the one that the leaf commits to.
   */
  async discloseAll(
    trx: Trx,
    tenantId: string,
    eventIds: readonly string[],
  ): Promise<ReadonlyMap<string, DisclosedValue[]>> {
    const rows = await this.repository.ofEvents(trx, eventIds);
    const byEvent = Map.groupBy(rows, ({ eventId }) => eventId);
    const disclosed = new Map<string, DisclosedValue[]>();
    for (const [eventId, own] of byEvent) disclosed.set(eventId, await this.opened(trx, tenantId, own));
    return disclosed;
  }

  /** Events with values of a person, oldest first, and where the next page begins. */
  async ofSubject(
    trx: Trx,
    tenantId: string,
    subjectRef: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ events: EventOfSubject[]; next: string | undefined }> {
    const rows = await this.repository.ofSubject(trx, tenantId, subjectRef, after, limit);
    const events = await Promise.all(
      rows.map(async (row) => ({
        id: row.eventId,
        type: row.type,
        outcome: row.outcome,
        occurredAt: row.occurredAt,
        values: (await this.opened(trx, tenantId, [row])).map(({ path, value }) => ({ path, value })),
      })),
    );
    return { events, next: rows.length < limit ? undefined : rows.at(-1)?.eventId };
  }

  /** Removes values of a person whose key is gone, at most `limit`; answers how many. For `withRetention`. */
  removeOf(trx: Trx, tenantId: string, subjectRef: string, limit: number): Promise<number> {
    return this.repository.remove(trx, tenantId, subjectRef, limit);
  }

  /** Values in clear; those of people who were erased are left out. @throws AppError VAULT_UNAVAILABLE. */
  private async opened(
    trx: Trx,
    tenantId: string,
    rows: readonly SealedValueRow[],
  ): Promise<DisclosedValue[]> {
    const placed = rows.map((row) => {
      const commitment = commitmentIn(row);
      return { ...row, commitment, place: placeOf(tenantId, row.eventId, commitment) };
    });
    const bytes = await this.vault.openTexts(trx, tenantId, placed);
    return placed.flatMap(({ commitment, path }, index) => {
      const plain = bytes[index];
      if (!plain) return [];
      const opening = unpacked(plain);
      if (!opens(commitment, opening)) throw new AppError('VAULT_UNAVAILABLE');
      const value = JSON.parse(opening.plain.toString('utf8')) as JsonValue;
      return [{ path, value, salt: opening.salt }];
    });
  }
}

/** What the leaf says of a value. @throws AppError VAULT_UNAVAILABLE when it says nothing of it. */
function commitmentIn({ leaf, path }: SealedValueRow): Commitment {
  const { sealed } = JSON.parse(leaf.toString('utf8')) as { sealed?: readonly Commitment[] };
  const commitment = sealed?.find(({ f }) => f === path);
  if (!commitment) throw new AppError('VAULT_UNAVAILABLE');
  return commitment;
}

/** What a sealed value is bound to: log, event, path and commitment. */
function placeOf(tenantId: string, eventId: string, { f: path, c }: Commitment): string {
  return JSON.stringify([tenantId, eventId, path, c]);
}
