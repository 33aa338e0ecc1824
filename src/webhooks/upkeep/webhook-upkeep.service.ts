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
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { Repeated } from '../../kernel/repeated.js';
import { UpkeepRepository } from './upkeep.repository.js';

const INTERVAL_MS = 600_000;
const DAY_MS = 86_400_000;
/** Messages go with their deliveries, of which each may have many. */
const BATCH = 1_000;

/** Forgets messages, deliveries, ended secrets and deleted endpoints whose time is over, every ten minutes. */
@Injectable()
export class WebhookUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(WebhookUpkeep.name);
  private readonly rounds = new Repeated(INTERVAL_MS, () =>
    this.purge().catch((error: unknown) =>
      this.logger.warn({ event: 'webhooks.purge_failed', err: error }, 'the log stays for another round'),
    ),
  );

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: UpkeepRepository,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('webhooks') private readonly config: AppConfig['webhooks'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Forgets everything that is past its time, batch by batch. */
  async purge(): Promise<void> {
    const now = this.clock.now();
    const oldest = new Date(now.getTime() - this.config.retentionDays * DAY_MS);
    await this.inBatches((trx) => this.repository.deleteMessages(trx, oldest, BATCH));
    await this.inBatches((trx) => this.repository.deleteOrphans(trx, BATCH));
    await this.database.withSystem(async (trx) => {
      await this.repository.deleteSecrets(trx, now);
      await this.repository.deleteEndpoints(trx, now);
    });
  }

  private async inBatches(work: (trx: Trx) => Promise<number>): Promise<void> {
    while ((await this.database.withSystem(work)) === BATCH);
  }
}
