import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { DefinitionStore } from '../definitions/definition-store.service.js';
import { RetentionPolicies } from '../retention/retention-policy.service.js';
import { LawfulBasisRepository } from './lawful-basis.repository.js';
import { activityOf, type ProcessingActivity } from './processing-record.js';

/** The records of processing activities of a tenant. */
export interface ProcessingRecords {
  /** Who answers for it, as the configuration says; null where it says nothing. */
  readonly controller: {
    readonly name: string | null;
    readonly contact: string | null;
    readonly dataProtectionOfficer: string | null;
  };
  /** Who makes texts for it. Models are given tokens in place of personal data. */
  readonly modelProvider: string;
  readonly activities: readonly ProcessingActivity[];
  /** Technical and organisational measures (Art. 32(1)). */
  readonly measures: readonly string[];
}

/** Writes the records of processing (GDPR Art. 30) from what the definitions say and what was recorded. */
@Injectable()
export class ProcessingRecordsService {
  constructor(
    private readonly database: DatabaseService,
    private readonly definitions: DefinitionStore,
    private readonly retention: RetentionPolicies,
    private readonly bases: LawfulBasisRepository,
    @InjectConfig('privacy') private readonly privacy: AppConfig['privacy'],
    @InjectConfig('llm') private readonly llm: AppConfig['llm'],
  ) {}

  async of(tenantId: string): Promise<ProcessingRecords> {
    const { stored, bases } = await this.database.withTenant(tenantId, async (trx) => ({
      stored: await this.definitions.list(trx),
      bases: await this.bases.byPurpose(trx),
    }));
    const activities: ProcessingActivity[] = [];
    for (const { definition } of stored) {
      const { retentionDays } = await this.retention.get(tenantId, definition.name);
      const lawfulBases = bases
        .filter(({ purpose }) => purpose === definition.purpose)
        .map(({ basis, people }) => ({ basis, people }));
      activities.push({ ...activityOf(definition), lawfulBases, retentionDays });
    }
    const { controllerName, controllerContact, dataProtectionOfficer } = this.privacy;
    return {
      controller: {
        name: controllerName ?? null,
        contact: controllerContact ?? null,
        dataProtectionOfficer: dataProtectionOfficer ?? null,
      },
      modelProvider: this.llm.provider,
      activities,
      measures: MEASURES,
    };
  }
}

const MEASURES = [
  'Personal values are replaced by tokens before a run is stored; models, logs, events and traces see tokens only.',
  'Values lie sealed (AES-256-GCM) under a key for each person; erasure destroys the key.',
  'Tenants are kept apart by row-level security of the database.',
  'Work stops when a person withdraws, restricts or is erased, in the transaction that records it.',
  'Every change and every look at values is recorded in a tamper-evident log.',
  'What a run makes leaves only after people have approved exactly that, where its definition asks for it.',
];
