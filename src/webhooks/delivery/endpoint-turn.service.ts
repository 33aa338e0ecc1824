import { Inject, Injectable } from '@nestjs/common';
import { SafeMode } from '../../compliance/safe-mode/safe-mode.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { JobContext } from '../../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { mapConcurrently } from '../../workflow/engine/map-concurrently.js';
import { EndpointRepository } from '../endpoints/endpoint.repository.js';
import { SecretRepository } from '../endpoints/secret.repository.js';
import { AttemptRecorder } from './attempt-recorder.service.js';
import { EndpointCaller, type ServedEndpoint } from './endpoint-caller.service.js';
import { LEASE_SECONDS, TurnDispatcher } from './turn-dispatcher.service.js';
import { type Turn, TurnRepository } from './turn.repository.js';
import { type DueDelivery, WebhookDeliveryRepository } from './webhook-delivery.repository.js';

/** After that long the next endpoint has its turn; requests under way are waited for. */
const TURN_MS = 10_000;
/** An endpoint that only failed rests as long as it kept the worker, and at most so long. */
const MOST_REST_MS = 30_000;
const BATCH = 64;
/** In safe mode an endpoint rests so long until it is looked again. */
const HELD_MS = 3_000;

interface Work {
  readonly endpoint: ServedEndpoint;
  readonly batch: readonly DueDelivery[];
}

/**
 * Serves one endpoint for one turn. Deliveries about one run go one after the other, those about different runs side
 * by side. What fails is tried again later, and the next one does not wait for it.
 */
@Injectable()
export class EndpointTurn {
  constructor(
    private readonly database: DatabaseService,
    private readonly turns: TurnRepository,
    private readonly endpoints: EndpointRepository,
    private readonly secrets: SecretRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly caller: EndpointCaller,
    private readonly recorder: AttemptRecorder,
    private readonly dispatcher: TurnDispatcher,
    private readonly safeMode: SafeMode,
    @InjectConfig('webhooks') private readonly config: AppConfig['webhooks'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async serve(turn: Turn, { signal, draining }: JobContext): Promise<void> {
    const startedAt = performance.now();
    const isHeld = () => this.safeMode.isOn(turn.tenantId);
    const isOver = () => draining.aborted || isHeld() || performance.now() - startedAt > TURN_MS;
    await this.safeMode.isOnNow(turn.tenantId);
    const successes: boolean[] = [];
    for (let goesOn = true; goesOn && !isOver();) {
      const work = await this.take(turn);
      if (!work || work.batch.length === 0) break;
      goesOn = await this.send(work, signal, isOver, successes);
      // Somebody else has the job now, and the turn with it.
      signal.throwIfAborted();
    }
    const isFailing = successes.length > 0 && !successes.includes(true);
    const restMs = isHeld() ? HELD_MS : isFailing ? Math.min(performance.now() - startedAt, MOST_REST_MS) : 0;
    await this.database.withTenant(turn.tenantId, (trx) => this.turns.release(trx, turn, restMs / 1_000));
    await this.dispatcher.dispatch();
  }

  /** What to send now, as the endpoint stands now; nothing when the turn is void or the endpoint disabled. */
  private take(turn: Turn): Promise<Work | undefined> {
    return this.database.withTenant(turn.tenantId, async (trx) => {
      if (!(await this.turns.hold(trx, turn, LEASE_SECONDS))) return undefined;
      const endpoint = await this.endpoints.find(trx, turn.endpointId);
      if (!endpoint) return undefined;
      const secrets = await this.secrets.valid(trx, [endpoint.id], this.clock.now());
      return {
        endpoint: { ...endpoint, secrets },
        batch: await this.deliveries.due(trx, endpoint.id, BATCH),
      };
    });
  }

  /** @returns whether the endpoint may be told more. */
  private async send(
    { endpoint, batch }: Work,
    signal: AbortSignal,
    isOver: () => boolean,
    successes: boolean[],
  ): Promise<boolean> {
    let mayGoOn = true;
    const chains = [...Map.groupBy(batch, (delivery) => delivery.runId ?? delivery.id).values()];
    await mapConcurrently(chains, this.config.endpointConcurrency, async (chain) => {
      for (const delivery of chain) {
        if (!mayGoOn || isOver() || signal.aborted) return;
        const attempt = await this.caller.attempt(endpoint, delivery, signal);
        // Cut off from outside: whoever has the job now makes the attempt anew.
        if (signal.aborted) return;
        successes.push(attempt.statusCode !== null && attempt.statusCode < 400);
        mayGoOn = (await this.recorder.record(endpoint, delivery, attempt)) && mayGoOn;
      }
    });
    return mayGoOn;
  }
}
