import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { TurnRepository } from './turn.repository.js';

/**
 * How long a turn that nobody takes up keeps its endpoint. The queue sees after a worker that dies; this is for a turn
 * that got lost altogether.
 */
export const LEASE_SECONDS = 300;
const BATCH = 100;

/** Puts a job into the queue for every endpoint that has something due and that no worker has. */
@Injectable()
export class TurnDispatcher {
  constructor(
    private readonly database: DatabaseService,
    private readonly turns: TurnRepository,
    private readonly jobs: JobsService,
  ) {}

  async dispatch(): Promise<void> {
    let given: number;
    do {
      given = await this.database.withSystem(async (trx) => {
        const turns = await this.turns.giveOut(trx, LEASE_SECONDS, BATCH);
        for (const turn of turns) await this.jobs.enqueue(trx, 'webhooks.deliver', turn);
        return turns.length;
      });
    } while (given === BATCH);
  }
}
