import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import type { Trx } from '../../../database/trx.js';
import { AppError } from '../../../kernel/app-error.js';
import { SealedValues } from '../../audit/sealed/sealed-values.service.js';
import type { VaultEntry } from '../../pii/operators/tokenizer.js';
import { TokenVault } from '../../pii/token-vault.service.js';
import { RestrictionRepository } from '../restriction.repository.js';
import type { SubjectActor } from '../subject-actor.js';
import type { RevealPurpose } from './reveal.dto.js';

/** Which values are to be shown, and why. */
export interface RevealRequest {
  readonly runId: string;
  readonly tokens: readonly string[];
  readonly purpose: RevealPurpose;
  /** In words; may name people. */
  readonly reason: string;
}

/** Values in clear, and the event that says so. */
export interface Revealed {
  readonly eventId: string;
  readonly values: readonly VaultEntry[];
}

/** Targets of one event. */
const MAX_NAMED = 20;

/** Shows the values behind tokens to a person who may see them; each time is on record before anything is shown. */
@Injectable()
export class Reveals {
  constructor(
    private readonly database: DatabaseService,
    private readonly vault: TokenVault,
    private readonly restrictions: RestrictionRepository,
    private readonly sealed: SealedValues,
  ) {}

  /**
   * @throws AppError TOKEN_NOT_FOUND when nothing can be shown, which is recorded too; AUDIT_UNAVAILABLE,
   *   VAULT_UNAVAILABLE.
   */
  async reveal(actor: SubjectActor, request: RevealRequest): Promise<Revealed> {
    const { tenantId } = actor;
    const revealed = await this.database.withTenant(tenantId, async (trx) => {
      const found = await this.vault.open(trx, tenantId, request.runId, request.tokens);
      const values = request.purpose === 'legal-claim' ? found : await this.unrestricted(trx, found);
      return { eventId: await this.record(trx, actor, request, values), values };
    });
    if (revealed.values.length === 0) throw new AppError('TOKEN_NOT_FOUND');
    return revealed;
  }

  private async unrestricted(trx: Trx, values: readonly VaultEntry[]): Promise<VaultEntry[]> {
    const restricted = await this.restrictions.among(trx, refsOf(values));
    return values.filter(({ subjectRef }) => !restricted.has(subjectRef));
  }

  private record(
    trx: Trx,
    { tenantId, id, requestId }: SubjectActor,
    { runId, tokens, purpose, reason }: RevealRequest,
    values: readonly VaultEntry[],
  ): Promise<string> {
    const refs = refsOf(values);
    const [subjectRef] = refs;
    return this.sealed.append(
      trx,
      tenantId,
      {
        type: 'pii.revealed',
        outcome: values.length > 0 ? 'success' : 'failure',
        ...(values.length === 0 && { code: 'TOKEN_NOT_FOUND' }),
        actor: { type: 'apiKey', ref: id },
        targets: [
          { type: 'workflow', ref: runId },
          ...refs.slice(0, MAX_NAMED).map((ref) => ({ type: 'subject', ref })),
        ],
        context: { requestId },
        detail: {
          purpose,
          asked: tokens.length,
          revealed: values.length,
          entities: [...new Set(values.map(({ entity }) => entity))].toSorted().join(','),
        },
      },
      // The words go with the key of whom they are about; about several, with that of their run.
      subjectRef === undefined
        ? []
        : [
            {
              path: '/reason',
              subjectRef: refs.length === 1 ? subjectRef : this.vault.runSubjectRef(runId),
              value: reason,
            },
          ],
    );
  }
}

function refsOf(values: readonly VaultEntry[]): string[] {
  return [...new Set(values.map(({ subjectRef }) => subjectRef))];
}
