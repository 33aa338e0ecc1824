import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Trx } from '../../../database/trx.js';
import { TokenVault } from '../../pii/token-vault.service.js';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../personal-stores.js';

const PAGE = 500;
const BATCH = 5_000;

/** The originals of tokens, and the key that seals them. */
@Injectable()
export class VaultStore implements PersonalStore, OnModuleInit {
  readonly name = 'values';
  readonly tables = ['vault_token', 'subject_key'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly vault: TokenVault,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, { tenantId, subjectRef }: DataSubject, after: string | undefined): Promise<HeldPage> {
    const from = after === undefined ? undefined : placeOf(after);
    const { values, last } = await this.vault.valuesOf(trx, tenantId, subjectRef, from, PAGE);
    const records = values.map(({ runId, token, entity, value }) => ({
      kind: 'value',
      runId,
      entity,
      token,
      value,
    }));
    return { records, next: last && `${last.runId} ${last.token}` };
  }

  async erase(trx: Trx, { tenantId, subjectRef }: DataSubject): Promise<ErasedPart> {
    const values = await this.vault.removeValues(trx, tenantId, subjectRef, BATCH);
    return { counts: { values }, next: values === BATCH ? 'more' : undefined };
  }
}

function placeOf(text: string): { runId: string; token: string } {
  const end = text.indexOf(' ');
  return { runId: text.slice(0, end), token: text.slice(end + 1) };
}
