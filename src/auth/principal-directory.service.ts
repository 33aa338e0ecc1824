import { Inject, Injectable } from '@nestjs/common';
import type { Trx } from '../database/trx.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { isId } from '../kernel/ids.js';
import { judge, type KeyVerdict } from './api-key-authenticator.js';
import { ApiKeyRepository } from './api-key.repository.js';

/** What a principal may do at this moment who is not here to show their key. */
export type Standing = KeyVerdict | { readonly outcome: 'unknown' };

/** Looks principals up by their id, for work that is done in their name later. */
@Injectable()
export class PrincipalDirectory {
  constructor(
    private readonly keys: ApiKeyRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Read from the database each time: a key that was revoked a moment ago opens nothing. */
  async standingOf(trx: Trx, principalId: string): Promise<Standing> {
    const key = isId(principalId) ? await this.keys.find(trx, principalId) : undefined;
    return key ? judge(key, this.clock.now()) : { outcome: 'unknown' };
  }
}
