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
  type KeptAnswer,
  type KeyClaim,
  type KeyOwner,
  placeOf,
} from './idempotency.repository.js';

const PURGE_BATCH = 5_000;

/** A finished answer, kept for repetitions of its request. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Sees to it that a request with an idempotency key is carried out once. */
@Injectable()
export class IdempotencyService {
  /** Requests of this process that are under way, by owner and key. */
  private readonly underWay = new Map<string, KeyClaim>();

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: IdempotencyRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('vault') private readonly vault: AppConfig['vault'],
    @InjectConfig('workflow') private readonly workflow: AppConfig['workflow'],
  ) {}

  /** What a request with a key claims; nothing is stored yet. @throws AppError `VALIDATION_FAILED` for a body too deep. */
  claimOf(caller: KeyOwner, request: { method: string; url: string; body: unknown }): KeyClaim {
    const secret = this.keyOf(caller.tenantId);
    const now = this.clock.now();
    return {
      ...caller,
      // Clients make keys of what they have at hand, addresses included: the table knows a pseudonym only.
      key: pseudonym(secret, caller.key),
      fingerprint: fingerprintOf(secret, request),
      now,
      expiresAt: new Date(now.getTime() + this.workflow.idempotencyHours * 3_600_000),
    };
  }

  /**
   * Does the work of a request while no other of this process works under its key. Requests of other processes meet it
   * at the latest in `store`.
   *
   * @throws AppError `IDEMPOTENCY_IN_PROGRESS`, or `IDEMPOTENCY_KEY_REUSED` when the other request is another one.
   */
  async alone<T>(claim: KeyClaim, work: () => Promise<T>): Promise<T> {
    const id = aadOf(claim);
    const other = this.underWay.get(id);
    if (other) {
      refuseAnother(claim, other.fingerprint);
      throw inProgress();
    }
    this.underWay.set(id, claim);
    try {
      return await work();
    } finally {
      this.underWay.delete(id);
    }
  }

  /** The answer given before under the key. @throws AppError `IDEMPOTENCY_KEY_REUSED` when it was to another request. */
  async find(claim: KeyClaim): Promise<StoredAnswer | undefined> {
    const stored = await this.database.withTenant(claim.tenantId, (trx) =>
      this.repository.find(trx, claim, claim.now),
    );
    if (!stored) return undefined;
    refuseAnother(claim, stored.fingerprint);
    const text = open(this.keyOf(claim.tenantId), stored.responseSealed, aadOf(claim)).toString('utf8');
    return { status: stored.responseStatus, body: (JSON.parse(text) as { body?: unknown }).body };
  }

  /**
   * Takes the key and keeps the answer, in the caller's transaction.
   *
   * @throws AppError `IDEMPOTENCY_IN_PROGRESS` when another request has the key; the transaction must roll back.
   */
  async store(trx: Trx, claim: KeyClaim, answer: StoredAnswer): Promise<void> {
    const sealed = seal(this.keyOf(claim.tenantId), JSON.stringify({ body: answer.body }), aadOf(claim));
    if (!(await this.repository.store(trx, claim, answer.status, sealed))) throw inProgress();
  }

  /** The same in a transaction of its own, for work that has none. */
  async storeAfterwards(claim: KeyClaim, answer: StoredAnswer): Promise<void> {
    await this.database.withTenant(claim.tenantId, (trx) => this.store(trx, claim, answer));
  }

  /** Keys whose kept answer holds a text of some kind, from a place on, and where the next page begins. */
  async named(
    trx: Trx,
    tenantId: string,
    isNamed: (text: string) => boolean,
    after: string | undefined,
    limit: number,
  ): Promise<{ named: KeptAnswer[]; next: string | undefined }> {
    const rows = await this.repository.page(trx, tenantId, after, limit);
    const secret = this.keyOf(tenantId);
    const named = rows.filter(
      ({ sealed, ...owner }) => sealed && isNamed(open(secret, sealed, aadOf(owner)).toString('utf8')),
    );
    const last = rows.at(-1);
    return { named, next: rows.length < limit || !last ? undefined : placeOf(last) };
  }

  /** Forgets keys with their answers; a repetition is then a request of its own. */
  forget(trx: Trx, keys: readonly KeyOwner[]): Promise<number> {
    return this.repository.remove(trx, keys);
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

  private keyOf(tenantId: string): Buffer {
    return deriveKey(this.vault.kek, 'idempotency', tenantId);
  }
}

function refuseAnother(claim: KeyClaim, fingerprint: Buffer): void {
  if (!fingerprint.equals(claim.fingerprint)) throw new AppError('IDEMPOTENCY_KEY_REUSED');
}

function inProgress(): AppError {
  return new AppError('IDEMPOTENCY_IN_PROGRESS', { headers: { 'retry-after': '1' } });
}

/** Keyed, because a plain hash of a small body could be guessed from the table. */
function fingerprintOf(secret: Buffer, request: { method: string; url: string; body: unknown }): Buffer {
  return createHmac('sha256', secret)
    .update(`${request.method}\n${request.url}\n${canonicalBody(request.body)}`)
    .digest();
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
