import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { isId, newId } from '../../kernel/ids.js';
import type { Secret } from './endpoint.js';
import { EndpointRepository } from './endpoint.repository.js';
import { EndpointSeal, newSecret } from './endpoint-seal.js';
import { SecretRepository } from './secret.repository.js';

/** A secret as it is stored, and as its receiver has to know it. */
export interface NewSecret {
  readonly sealed: Secret;
  readonly plain: string;
}

/** Every valid secret signs: more would only make the header longer. */
const MOST_SECRETS = 5;

/** The signing secrets of endpoints. */
@Injectable()
export class EndpointSecrets {
  constructor(
    private readonly database: DatabaseService,
    private readonly endpoints: EndpointRepository,
    private readonly secrets: SecretRepository,
    private readonly seal: EndpointSeal,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A new secret, not stored yet. */
  make(tenantId: string, endpointId: string, createdAt: Date): NewSecret {
    const id = newId();
    const plain = newSecret();
    const sealed = this.seal.sealSecret(tenantId, id, plain);
    return { plain, sealed: { id, endpointId, sealed, createdAt, expiresAt: null } };
  }

  /**
   * Adds a secret; those before it sign beside it for as long as the receiver needs to take over the new one.
   *
   * @param settle work that has to commit together with the secret.
   * @throws AppError WEBHOOK_NOT_FOUND; WEBHOOK_SECRET_LIMIT_REACHED when five are valid already.
   */
  async rotate(
    principal: Principal,
    requestId: string,
    endpointId: string,
    overlapSeconds: number,
    settle: (trx: Trx, rotated: NewSecret) => Promise<void>,
  ): Promise<NewSecret> {
    if (!isId(endpointId)) throw new AppError('WEBHOOK_NOT_FOUND');
    const { tenantId } = principal;
    const now = this.clock.now();
    const rotated = this.make(tenantId, endpointId, now);
    await this.database.withTenant(tenantId, async (trx) => {
      if (!(await this.endpoints.lock(trx, endpointId))) throw new AppError('WEBHOOK_NOT_FOUND');
      await this.secrets.expire(trx, endpointId, new Date(now.getTime() + overlapSeconds * 1_000));
      if ((await this.secrets.valid(trx, [endpointId], now)).length >= MOST_SECRETS) {
        throw new AppError('WEBHOOK_SECRET_LIMIT_REACHED', {
          detail: `${MOST_SECRETS} secrets are valid; wait until one ends, or use overlapSeconds 0.`,
        });
      }
      await this.secrets.insert(trx, tenantId, rotated.sealed);
      await this.audit.append(trx, tenantId, {
        type: 'webhook.secret_rotated',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principal.id },
        targets: [{ type: 'webhook', ref: endpointId }],
        context: { requestId },
        detail: { secretId: rotated.sealed.id, overlapSeconds },
      });
      await settle(trx, rotated);
    });
    return rotated;
  }
}
