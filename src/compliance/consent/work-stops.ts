import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';

/** Why nothing more is done with somebody's data. */
export type StopReason = 'CONSENT_WITHDRAWN' | 'SUBJECT_RESTRICTED' | 'SUBJECT_ERASED';

/** Work on these people's data is to stop. */
export interface StopRequest {
  readonly tenantId: string;
  readonly reason: StopReason;
  /** Id of the principal. */
  readonly actorRef: string;
  readonly requestId: string;
  readonly subjectRefs: readonly string[];
  /** Only work for these purposes; of any when absent. */
  readonly purposes?: readonly string[];
  /** For a withdrawal that speaks of everybody: the session it was made in. */
  readonly sessionId?: string;
}

/** What has been stopped. */
export interface StoppedWork {
  /** Runs that were cancelled as a whole. */
  readonly runsCancelled: number;
  /** Recipients that were left out of a run which goes on for the others. */
  readonly recipientsLeftOut: number;
  /** To be called once the transaction has committed. */
  committed(): void;
}

/** Stops work inside the transaction that says it must stop: once that commits, nothing more is done. */
export type StopWork = (trx: Trx, request: StopRequest) => Promise<StoppedWork>;

/** Those who work on people's data and can stop it. Rooms register their own in `onModuleInit`. */
@Injectable()
export class WorkStops {
  private readonly stops: StopWork[] = [];

  register(stop: StopWork): void {
    this.stops.push(stop);
  }

  async stop(trx: Trx, request: StopRequest): Promise<StoppedWork> {
    const done: StoppedWork[] = [];
    for (const stop of this.stops) done.push(await stop(trx, request));
    return joinStopped(done);
  }
}

export const NOTHING_STOPPED: StoppedWork = {
  runsCancelled: 0,
  recipientsLeftOut: 0,
  committed: () => undefined,
};

function joinStopped(all: readonly StoppedWork[]): StoppedWork {
  return {
    runsCancelled: all.reduce((sum, each) => sum + each.runsCancelled, 0),
    recipientsLeftOut: all.reduce((sum, each) => sum + each.recipientsLeftOut, 0),
    committed: () => {
      for (const each of all) each.committed();
    },
  };
}
