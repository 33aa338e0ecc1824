import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { KekRing } from '../pii/kek-ring.service.js';
import { TokenVault } from '../pii/token-vault.service.js';
import { KekUpkeepRepository } from './kek-upkeep.repository.js';

const BATCH = 1_000;
const HOUR_MS = 3_600_000;
const FIRST_MS = 60_000;
/** Other processes may wrap with the key of the epoch before until they have looked again. */
const GRACE_MS = HOUR_MS;

/**
 * Ends epochs of the vault: starts the next one when it is time, wraps living keys anew, and destroys the key of the
 * epoch before when nothing is wrapped with it any more. Where the operator gives the keys, it wraps anew with the
 * one that is given.
 */
@Injectable()
export class KekUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(KekUpkeep.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DatabaseService,
    private readonly keys: KekUpkeepRepository,
    private readonly ring: KekRing,
    private readonly vault: TokenVault,
    private readonly audit: AuditTrail,
    @InjectConfig('vault') private readonly config: AppConfig['vault'],
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.next(FIRST_MS);
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    await this.running;
  }

  /** Once, unless another process is at it. Answers how many keys it has wrapped anew. */
  run(): Promise<number> {
    return this.database.withSystem(async (trx) => {
      if (!(await this.keys.tryLock(trx))) return 0;
      const { id, since } = this.present();
      if (id === null) return 0;
      let wrapped = 0;
      for (const tenantId of await this.database.withSystem((own) => this.keys.tenantsToWrap(own, id)))
        wrapped += await this.wrapAnew(tenantId, id);
      await this.destroyPast(since);
      return wrapped;
    });
  }

  /** The key to wrap with from now on. */
  private present() {
    const present = this.ring.current();
    const endsAt = present.since && present.since.getTime() + this.config.epochDays * 24 * HOUR_MS;
    return this.ring.isOwn && endsAt !== null && endsAt <= this.clock.now().getTime()
      ? this.ring.startEpoch()
      : present;
  }

  private async wrapAnew(tenantId: string, kekId: string): Promise<number> {
    let wrapped = 0;
    for (;;) {
      const count = await this.database.withTenant(tenantId, async (trx) => {
        const keys = await this.keys.lockOthers(trx, kekId, BATCH);
        if (keys.length === 0) return 0;
        await this.keys.replace(
          trx,
          keys.map((key) => this.vault.wrapAnew(key, kekId)),
        );
        await this.audit.append(trx, tenantId, {
          type: 'vault.kek_rotated',
          outcome: 'success',
          actor: { type: 'system', ref: 'vault' },
          targets: [{ type: 'kek', ref: kekId }],
          detail: { to: kekId, keys: keys.length },
        });
        return keys.length;
      });
      wrapped += count;
      if (count < BATCH) return wrapped;
    }
  }

  private async destroyPast(presentSince: Date | null): Promise<void> {
    if (!presentSince || this.clock.now().getTime() - presentSince.getTime() < GRACE_MS) return;
    for (const { id } of this.ring.past()) {
      if (id === null || (await this.database.withSystem((trx) => this.keys.isUsed(trx, id)))) continue;
      this.ring.destroy(id);
      this.logger.log({ event: 'vault.epoch_ended', kek: id }, 'the key of an epoch is destroyed');
    }
  }

  private next(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.running = this.runThenWait();
    }, delayMs).unref();
  }

  private async runThenWait(): Promise<void> {
    try {
      const wrapped = await this.run();
      if (wrapped > 0)
        this.logger.log({ event: 'vault.wrapped_anew', keys: wrapped }, 'keys are wrapped anew');
    } catch (error) {
      this.logger.warn({ event: 'vault.upkeep_failed', err: error }, 'the epoch goes on for now');
    }
    this.next(HOUR_MS);
  }
}
