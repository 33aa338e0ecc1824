import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Trx } from '../../../database/trx.js';
import { SealedValues } from '../../audit/sealed/sealed-values.service.js';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../personal-stores.js';

const PAGE = 500;

/** Events about a person. Their leaves hold no personal data and stay; the values sealed beside them go. */
@Injectable()
export class AuditStore implements PersonalStore, OnModuleInit {
  readonly name = 'auditValues';
  readonly tables = ['audit_event', 'audit_sealed', 'audit_pending'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly values: SealedValues,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, { tenantId, subjectRef }: DataSubject, after: string | undefined): Promise<HeldPage> {
    const { events, next } = await this.values.ofSubject(trx, tenantId, subjectRef, after, PAGE);
    const records = events.map(({ id, type, outcome, occurredAt, values }) => ({
      kind: 'auditEvent',
      id,
      type,
      outcome,
      occurredAt: occurredAt.toISOString(),
      values,
    }));
    return { records, next };
  }

  async erase(trx: Trx, { tenantId, subjectRef }: DataSubject): Promise<ErasedPart> {
    const removed = await this.values.removeOf(trx, tenantId, subjectRef, PAGE);
    return { counts: { auditValues: removed }, next: removed === PAGE ? 'more' : undefined };
  }
}
