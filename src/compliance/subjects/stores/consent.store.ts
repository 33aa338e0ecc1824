import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Trx } from '../../../database/trx.js';
import { ConsentService } from '../../consent/consent.service.js';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../personal-stores.js';

const PAGE = 500;

/** What a person has agreed to. That they did stays after an erasure, under their reference; the address goes. */
@Injectable()
export class ConsentStore implements PersonalStore, OnModuleInit {
  readonly name = 'consents';
  readonly tables = ['consent'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly consents: ConsentService,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, { subjectRef }: DataSubject, after: string | undefined): Promise<HeldPage> {
    const words = await this.consents.history(trx, { subjectRef }, PAGE, after);
    const records = words.map((word) => ({ kind: 'consent', ...word }));
    return { records, next: words.length < PAGE ? undefined : words.at(-1)?.id };
  }

  async erase(trx: Trx, { subjectRef }: DataSubject): Promise<ErasedPart> {
    return { counts: { consents: await this.consents.forgetSubject(trx, subjectRef) } };
  }
}
