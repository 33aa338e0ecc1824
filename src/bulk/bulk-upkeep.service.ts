import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DatabaseService } from '../database/database.service.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { Repeated } from '../kernel/repeated.js';
import { BatchControl } from './batch-control.service.js';
import { BatchRepository } from './batch.repository.js';
import { LOST_AFTER_MS } from './intake/batch-opening.service.js';

const INTERVAL_MS = 60_000;
const AT_ONCE = 50;

/** Discards uploads whose process died, every minute: their rows hold personal data that nobody will start. */
@Injectable()
export class BulkUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(BulkUpkeep.name);
  private readonly rounds = new Repeated(INTERVAL_MS, () =>
    this.discardLost().catch((error: unknown) =>
      this.logger.warn({ event: 'bulk.upkeep_failed', err: error }, 'lost uploads stay for another round'),
    ),
  );

  constructor(
    private readonly batches: BatchRepository,
    private readonly control: BatchControl,
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Aborts the uploads that nothing was heard of for a while. */
  async discardLost(): Promise<void> {
    const since = new Date(this.clock.now().getTime() - LOST_AFTER_MS);
    const lost = await this.database.withSystem((trx) => this.batches.lost(trx, since, AT_ONCE));
    for (const { id, tenant_id: tenantId } of lost) await this.control.abort(tenantId, id, 'UPLOAD_LOST');
  }
}
