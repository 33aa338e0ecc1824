import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';

/** What a run must know of its deliveries before it goes on. */
@Injectable()
export class UncertainDeliveries {
  /** Whether a message may or may not have reached its recipient, and nobody has said which. */
  async exist(trx: Trx, runId: string): Promise<boolean> {
    const row = await trx
      .selectFrom('delivery')
      .select('id')
      .where('run_id', '=', runId)
      .where('status', '=', 'uncertain')
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}
