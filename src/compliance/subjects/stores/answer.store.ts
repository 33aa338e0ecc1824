import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Trx } from '../../../database/trx.js';
import { IdempotencyService } from '../../../http/idempotency.service.js';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../personal-stores.js';

const PAGE = 1_000;

/** Answers kept for repetitions of a request, for some hours: copies of what the other stores hold. */
@Injectable()
export class AnswerStore implements PersonalStore, OnModuleInit {
  readonly name = 'answers';
  readonly tables = ['idempotency_key'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly answers: IdempotencyService,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, subject: DataSubject, after: string | undefined): Promise<HeldPage> {
    const { named, next } = await this.answers.named(trx, subject.tenantId, subject.isNamedIn, after, PAGE);
    const records = named.map(({ createdAt, expiresAt }) => ({
      kind: 'keptAnswer',
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    }));
    return { records, next };
  }

  async erase(trx: Trx, subject: DataSubject, after: string | undefined): Promise<ErasedPart> {
    const { named, next } = await this.answers.named(trx, subject.tenantId, subject.isNamedIn, after, PAGE);
    return { counts: { answers: await this.answers.forget(trx, named) }, next };
  }
}
