import { Inject, Injectable } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { AppError } from '../kernel/app-error.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { deriveKey, open, pseudonym, seal } from '../kernel/sealing.js';
import {
  IdempotencyRepository,
  type KeyClaim,
  type KeyOwner,
  type StoredKey,
} from './idempotency.repository.js';

/** How long a request keeps its key to itself before it counts as lost. */
const LOCK_MS = 60_000;
const PURGE_BATCH = 5_000;

/** A finished answer, kept for repetitions of its request. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What a request with an idempotency key may do: be carried out, or be answered as the first one was. */
export type Admission =
  | { readonly kind: 'first'; readonly claim: KeyClaim }
  | { readonly kind: 'repeated'; readonly answer: StoredAnswer };

/** Sees to it that a request with an idempotency key is carried out once. */
@Injectable()
export class IdempotencyService {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: IdempotencyRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('vault') private readonly vault: AppConfig['vault'],
    @InjectConfig('workflow') private readonly workflow: AppConfig['workflow'],
  ) {}

  /**
   * Takes the key for a request, or finds the answer it was given before.
   *
   * @throws AppError `IDEMPOTENCY_KEY_REUSED` for another request under the key, `IDEMPOTENCY_IN_PROGRESS`
   *   while the first is under way.
   */
  async admit(caller: KeyOwner, request: { method: string; url: string; body: unknown }): Promise<Admission> {
    const now = this.clock.now();
    // Clients make keys of what they have at hand, addresses included: the table knows a pseudonym only.
    const owner = { ...caller, key: pseudonym(this.keyOf(caller.tenantId), caller.key) };
    const claim: KeyClaim = {
      ...owner,
      fingerprint: this.fingerprintOf(owner.tenantId, request),
      now,
      lockedUntil: new Date(now.getTime() + LOCK_MS),
      expiresAt: new Date(now.getTime() + this.workflow.idempotencyHours * 3_600_000),
    };
    const found = await this.database.withTenant(owner.tenantId, async (trx) =>
      (await this.repository.claim(trx, claim)) ? 'claimed' : this.repository.find(trx, owner),
    );
    if (found === 'claimed') return { kind: 'first', claim };
    // Not there any more: the first request failed between our two statements, and the client may try again.
    if (found && !found.fingerprint.equals(claim.fingerprint)) throw new AppError('IDEMPOTENCY_KEY_REUSED');
    if (found?.responseStatus == null) {
      throw new AppError('IDEMPOTENCY_IN_PROGRESS', { headers: { 'retry-after': '1' } });
    }
    return { kind: 'repeated', answer: this.answerOf(owner, found) };
  }

  /** Stores the answer in a transaction of its own. */
  async finish(claim: KeyClaim, answer: StoredAnswer): Promise<void> {
    await this.database.withTenant(claim.tenantId, (trx) => this.finishIn(trx, claim, answer));
  }

  /** Stores the answer in the caller's transaction. */
  async finishIn(trx: Trx, claim: KeyClaim, answer: StoredAnswer): Promise<void> {
    const sealed = seal(this.keyOf(claim.tenantId), JSON.stringify({ body: answer.body }), aadOf(claim));
    if (!(await this.repository.complete(trx, claim, answer.status, sealed))) {
      throw new AppError('IDEMPOTENCY_IN_PROGRESS', {
        detail: 'This request took so long that a repetition of it has taken its place.',
        headers: { 'retry-after': '1' },
      });
    }
  }

  /** Lets the key go, so that the request may be tried again. */
  async release(claim: KeyClaim): Promise<void> {
    await this.database.withTenant(claim.tenantId, (trx) => this.repository.release(trx, claim));
  }

  /** Forgets what is past its time, batch by batch; answers how many keys. */
  async purgeExpired(): Promise<number> {
    let total = 0;
    for (;;) {
      const deleted = await this.database.withSystem((trx) =>
        this.repository.deleteExpired(trx, this.clock.now(), PURGE_BATCH),
      );
      total += deleted;
      if (deleted < PURGE_BATCH) return total;
    }
  }

  private answerOf(owner: KeyOwner, stored: StoredKey): StoredAnswer {
    if (stored.responseStatus === null || stored.responseSealed === null) throw new AppError('INTERNAL');
    const text = open(this.keyOf(owner.tenantId), stored.responseSealed, aadOf(owner)).toString('utf8');
    return { status: stored.responseStatus, body: (JSON.parse(text) as { body?: unknown }).body };
  }

  /** Keyed, because a plain hash of a small body could be guessed from the table. */
  private fingerprintOf(tenantId: string, request: { method: string; url: string; body: unknown }): Buffer {
    return createHmac('sha256', this.keyOf(tenantId))
      .update(`${request.method}\n${request.url}\n${canonicalBody(request.body)}`)
      .digest();
  }

  private keyOf(tenantId: string): Buffer {
    return deriveKey(this.vault.kek, 'idempotency', tenantId);
  }
}

function canonicalBody(body: unknown): string {
  try {
    return canonicalJson(body ?? null);
  } catch (error) {
    // Text without a canonical form is refused earlier; what remains is a document deeper than the stack.
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: '', message: 'is nested too deeply' }],
      cause: error,
    });
  }
}

function aadOf(owner: KeyOwner): string {
  return `${owner.tenantId}|${owner.principalId}|${owner.key}`;
}
