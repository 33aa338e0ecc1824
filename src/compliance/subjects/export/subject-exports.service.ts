import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { canonicalHash, type JsonValue } from '../../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { SealedValues } from '../../audit/sealed/sealed-values.service.js';
import { isReference } from '../../pii/subject.dto.js';
import { SubjectRefs } from '../../pii/subject-refs.service.js';
import { TokenVault } from '../../pii/token-vault.service.js';
import { DataSubjects } from '../data-subjects.service.js';
import { type HeldRecord, PersonalStores } from '../personal-stores.js';
import type { SubjectActor } from '../subject-actor.js';

/** Everything that is held on a person, by store. */
export interface SubjectExport {
  readonly exportId: string;
  readonly createdAt: string;
  readonly tenantId: string;
  readonly subjectRef: string;
  readonly records: Readonly<Record<string, readonly HeldRecord[]>>;
}

/** Brings together what is held on a person (GDPR Art. 15 and 20). */
@Injectable()
export class SubjectExports {
  constructor(
    private readonly database: DatabaseService,
    private readonly stores: PersonalStores,
    private readonly people: DataSubjects,
    private readonly subjects: SubjectRefs,
    private readonly vault: TokenVault,
    private readonly values: SealedValues,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Looks through every store, and records what is about to be handed out before it is.
   *
   * @param subject an e-mail address or a reference.
   * @throws AppError VALIDATION_FAILED; AUDIT_UNAVAILABLE, VAULT_UNAVAILABLE: nothing is handed out then.
   */
  async export(actor: SubjectActor, subject: string): Promise<SubjectExport> {
    const { tenantId } = actor;
    const subjectRef = this.subjects.refOf(tenantId, subject);
    const archive: SubjectExport = {
      exportId: newId(),
      createdAt: this.clock.now().toISOString(),
      tenantId,
      subjectRef,
      records: await this.recordsOn(tenantId, subjectRef),
    };
    await this.record(actor, archive, subject);
    return archive;
  }

  private async recordsOn(tenantId: string, subjectRef: string): Promise<Record<string, HeldRecord[]>> {
    const person = this.people.of(tenantId, subjectRef);
    const all: Record<string, HeldRecord[]> = {};
    for (const store of this.stores.all()) {
      const records: HeldRecord[] = [];
      for (let after: string | undefined; ;) {
        const from = after;
        const page = await this.database.withTenant(tenantId, (trx) => store.held(trx, person, from));
        records.push(...page.records);
        if (page.next === undefined) break;
        after = page.next;
      }
      all[store.name] = records;
    }
    return all;
  }

  private record(
    { tenantId, id, requestId }: SubjectActor,
    archive: SubjectExport,
    subject: string,
  ): Promise<string> {
    const { exportId, subjectRef, records } = archive;
    return this.database.withTenant(tenantId, async (trx) => {
      // Somebody who was erased gets no new key by being asked for.
      const isKnown = !isReference(subject) && (await this.vault.hasKey(trx, tenantId, subjectRef));
      return this.values.append(
        trx,
        tenantId,
        {
          type: 'subject.exported',
          outcome: 'success',
          actor: { type: 'apiKey', ref: id },
          targets: [
            { type: 'subject', ref: subjectRef },
            { type: 'export', ref: exportId },
          ],
          context: { requestId },
          detail: {
            records: Object.values(records).reduce((sum, { length }) => sum + length, 0),
            digest: canonicalHash(asJson(archive)),
          },
        },
        isKnown ? [{ path: '/subject', subjectRef, value: subject }] : [],
      );
    });
  }
}

/** As whoever receives it parses it. */
function asJson(archive: SubjectExport): JsonValue {
  return JSON.parse(JSON.stringify(archive)) as JsonValue;
}
