import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import type { PolicyDecision } from '../compliance/policy/policy-decisions.service.js';
import { isEnded } from '../compliance/state/phases.js';
import { SafeMode } from '../compliance/safe-mode/safe-mode.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import type { DeliveryJob } from '../jobs/job-catalogue.js';
import { HandBack, type JobContext } from '../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { ERROR_CATALOGUE, type ErrorCode } from '../kernel/error-catalogue.js';
import { newId } from '../kernel/ids.js';
import { Metrics } from '../observability/metrics.js';
import type { LoadedRun } from '../workflow/engine/loaded-run.js';
import { RunLoader } from '../workflow/engine/run-loader.service.js';
import { Transitions } from '../workflow/engine/transitions.service.js';
import { recordOf, violationsOf, withDecision } from '../workflow/policies/policy-record.js';
import { RunPolicies } from '../workflow/policies/run-policies.service.js';
import { bindingHash } from '../workflow/review/binding.js';
import { changeOf, joinChanges } from '../workflow/runs/run-change.js';
import type { ChannelResult, DeliveryChannel, Reconciliation } from './channels/delivery-channel.js';
import { ChannelsRegistry } from './channels/channels.registry.js';
import { composeMessage, destinationOf, placesOf, UnrestorableMessage } from './compose-message.js';
import {
  allSettled,
  DELIVERY_ACTOR,
  intentsOf,
  isAllSettled,
  outcomesOf,
  type Settlement,
} from './delivery-changes.js';
import { DeliveryHold } from './delivery-hold.service.js';
import { DeliveryRecorder } from './delivery-recorder.service.js';
import { DeliveryRepository, type DeliveryRow } from './delivery.repository.js';

/** One delivery under way: the run as loaded and the way out. */
interface Dispatch {
  readonly loaded: LoadedRun;
  readonly channel: DeliveryChannel;
  readonly url: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Hands the approved messages of a run to their channel. A message is `sending` in the database before it leaves, so
 * a crash in between leaves a trace: such a message is never sent again unless its channel is certain that it was
 * not taken, or a person says so.
 */
@Injectable()
export class DeliveryService {
  private readonly logger = new Logger(DeliveryService.name);

  constructor(
    private readonly loader: RunLoader,
    private readonly recorder: DeliveryRecorder,
    private readonly deliveries: DeliveryRepository,
    private readonly channels: ChannelsRegistry,
    private readonly transitions: Transitions,
    private readonly safeMode: SafeMode,
    private readonly hold: DeliveryHold,
    private readonly policies: RunPolicies,
    private readonly metrics: Metrics,
    @InjectConfig('delivery') private readonly config: AppConfig['delivery'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** In safe mode the messages wait. @throws HandBack when the process stops: another one goes on. */
  async deliver(job: DeliveryJob, { signal, draining }: JobContext): Promise<void> {
    const { tenantId, runId } = job;
    if (await this.safeMode.isOnNow(tenantId)) return this.hold.hold(job);
    const loaded = await this.loader.load(tenantId, runId);
    if (!loaded || loaded.run.phase !== 'DELIVERY' || isEnded(loaded.run.status)) return;
    if (loaded.holdsBackDelivery(loaded.run)) return this.driveFirst(loaded);
    if (!(await this.isAsApproved(loaded))) return;
    const permission = await this.permissionFor(loaded);
    if (permission === 'denied') return;
    const { channel: name, url } = destinationOf(loaded);
    const channel = this.channels.find(name);
    if (!channel) return this.giveUp(loaded, 'DELIVERY_CHANNEL_UNKNOWN');
    const dispatch = { loaded, channel, url, signal };
    await this.prepare(loaded, channel.name, permission);
    await this.reconcile(dispatch);
    for (let round = 0; ; round++) {
      if (draining.aborted) throw new HandBack();
      signal.throwIfAborted();
      if (await this.safeMode.isOnNow(tenantId)) return this.hold.hold(job);
      const batch = await this.claim(loaded);
      if (batch.length === 0) break;
      const settlements = await Promise.all(batch.map((delivery) => this.handOver(dispatch, delivery)));
      await this.record(loaded, settlements);
      if (settlements.some((each) => each.status === 'pending')) await this.backOff(round, draining);
    }
  }

  /** Came too early: the run still waits for something. Whoever drives it asks for the delivery when that is over. */
  private async driveFirst({ run }: LoadedRun): Promise<void> {
    await this.recorder.record(run.tenantId, run.id, async (_trx, current) =>
      isEnded(current.status) || current.waitingFor !== null
        ? undefined
        : { change: changeOf({ jobs: [{ name: 'workflow.drive' }] }), result: undefined },
    );
  }

  /** Execution recomputes what the approval binds; a difference ends the run, and nothing leaves. */
  private async isAsApproved(loaded: LoadedRun): Promise<boolean> {
    const { approval, artifact, definition, input } = loaded;
    if (
      approval?.status === 'approved' &&
      artifact &&
      loaded.alteredContents === 0 &&
      approval.bindingHash.equals(bindingHash(definition, input, artifact.content))
    ) {
      return true;
    }
    await this.recorder.record(loaded.run.tenantId, loaded.run.id, async (_trx, run) => {
      if (isEnded(run.status)) return undefined;
      const violation = {
        rule: 'approval.bound',
        tier: 'compliance',
        message: 'what would be delivered is not what was approved',
      } as const;
      return { change: this.transitions.deny(run, 'DELIVERY', [violation]), result: undefined };
    });
    return false;
  }

  /** Before the first message leaves, the policies are asked once more; what they forbid ends the run. */
  private async permissionFor(loaded: LoadedRun): Promise<PolicyDecision | 'denied' | undefined> {
    const { tenantId, id } = loaded.run;
    const { total } = await this.recorder.read(tenantId, (trx) => this.deliveries.counts(trx, id));
    // Some may have left already: a delivery that has begun is brought to its end.
    if (total > 0) return undefined;
    const decision = await this.policies.decideDelivery(loaded);
    if (decision.result === 'allow') return decision;
    await this.recorder.record(tenantId, id, async (_trx, run) => {
      if (isEnded(run.status)) return undefined;
      const denial = this.transitions.deny(run, 'DELIVERY', violationsOf(decision));
      return { change: withDecision(denial, decision), result: undefined };
    });
    return 'denied';
  }

  /** Ends a run whose messages cannot leave, before any of them does. */
  private async giveUp({ run }: LoadedRun, code: ErrorCode): Promise<void> {
    await this.recorder.record(run.tenantId, run.id, async (_trx, current) => {
      if (isEnded(current.status)) return undefined;
      const change = this.transitions.fail(current, code, ERROR_CATALOGUE[code].title);
      return { change, result: undefined };
    });
  }

  /** Makes a row for each recipient, once. */
  private async prepare(
    loaded: LoadedRun,
    channel: string,
    permission: PolicyDecision | undefined,
  ): Promise<void> {
    const { run } = loaded;
    const refs = loaded.recipientRefs();
    await this.recorder.record(run.tenantId, run.id, async (trx, current) => {
      if (isEnded(current.status) || (await this.deliveries.counts(trx, run.id)).total > 0) return undefined;
      // Read with the run locked: somebody may have been left out since it was loaded.
      const leftOut = await this.deliveries.leftOut(trx, run.id);
      const places = placesOf(loaded).filter((index) => !leftOut.has(index));
      const rows = places.map((index) => {
        const id = newId();
        return { id, index, subjectRef: refs[index] ?? '', channel, messageId: `<${id}@countersign>` };
      });
      await this.deliveries.insert(trx, run.tenantId, run.id, rows, this.clock.now());
      const change = changeOf({
        events: [{ type: 'delivery.started', data: { channel, total: rows.length } }],
        facts: [
          {
            type: 'delivery.prepared',
            outcome: 'success',
            actor: DELIVERY_ACTOR,
            decision: permission && recordOf(permission),
            detail: { channel, total: rows.length },
          },
        ],
      });
      return {
        change: rows.length > 0 ? change : joinChanges(change, allSettled(NOTHING_TO_SEND)),
        result: undefined,
      };
    });
  }

  /** Looks after hand-overs that a dead process left behind. */
  private async reconcile(dispatch: Dispatch): Promise<void> {
    const { loaded, channel } = dispatch;
    const { run } = loaded;
    for (;;) {
      const orphans = await this.recorder.read(run.tenantId, (trx) =>
        this.deliveries.orphans(trx, run.id, 100),
      );
      if (orphans.length === 0) return;
      const settlements = await Promise.all(
        orphans.map((delivery) => this.reconciled(loaded, channel, delivery)),
      );
      await this.record(loaded, settlements);
    }
  }

  private async reconciled(
    loaded: LoadedRun,
    channel: DeliveryChannel,
    delivery: DeliveryRow,
  ): Promise<Settlement> {
    switch (await askChannel(loaded, channel, delivery)) {
      case 'sent':
        return { delivery, status: 'sent', detail: null };
      case 'not_sent':
        return { delivery, status: 'pending', detail: 'the process ended before the message left' };
      case 'unknown':
        return {
          delivery,
          status: 'uncertain',
          detail: 'the process ended while the message was being handed over',
        };
    }
  }

  /** Commits that the next messages are about to leave. Nothing is claimed for a run that has ended. */
  private async claim(loaded: LoadedRun): Promise<readonly DeliveryRow[]> {
    const { run } = loaded;
    const claimed = await this.recorder.record(run.tenantId, run.id, async (trx, current) => {
      if (isEnded(current.status)) return undefined;
      const batch = await this.deliveries.claim(trx, run.id, this.config.concurrency, this.clock.now());
      return batch.length === 0 ? undefined : { change: intentsOf(batch), result: batch };
    });
    return claimed ?? [];
  }

  private async handOver(
    { loaded, channel, url, signal }: Dispatch,
    delivery: DeliveryRow,
  ): Promise<Settlement> {
    // Turned on since it was claimed: it certainly has not left.
    if (await this.safeMode.isOnNow(loaded.run.tenantId))
      return { delivery, status: 'pending', detail: HELD };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.config.timeoutMs)]);
    let result: ChannelResult;
    try {
      result = await channel.send(composeMessage(loaded, delivery), { signal: limit, url });
    } catch (error) {
      if (error instanceof UnrestorableMessage) {
        return { delivery, status: 'failed', detail: error.message };
      }
      this.logger.error({
        event: 'delivery.channel_fault',
        channel: channel.name,
        deliveryId: delivery.id,
        err: error,
      });
      return { delivery, status: 'uncertain', detail: 'the channel failed in an unexpected way' };
    }
    if (result.status === 'sent') return { delivery, status: 'sent', detail: null };
    if (result.status === 'uncertain') return { delivery, status: 'uncertain', detail: result.reason };
    const again = result.retryable && delivery.attempts < this.config.maxAttempts;
    return { delivery, status: again ? 'pending' : 'failed', detail: result.reason };
  }

  private async record(loaded: LoadedRun, settlements: readonly Settlement[]): Promise<void> {
    const { run } = loaded;
    const startedAt = settlements[0]?.delivery.sending_at ?? this.clock.now();
    await this.recorder.record(run.tenantId, run.id, async (trx) => {
      const now = this.clock.now();
      const taken: Settlement[] = [];
      for (const each of settlements) {
        const outcome = { status: each.status, detail: each.detail, settledBy: DELIVERY_ACTOR.ref };
        if (await this.deliveries.settle(trx, each.delivery, outcome, now)) taken.push(each);
      }
      if (taken.length === 0) return undefined;
      const counts = await this.deliveries.counts(trx, run.id);
      const change = outcomesOf(taken, counts, startedAt, now);
      return {
        change: isAllSettled(counts) ? joinChanges(change, allSettled(counts)) : change,
        result: undefined,
      };
    });
    for (const { delivery, status } of settlements) {
      if (status !== 'pending') this.metrics.deliverySettled(delivery.channel, status);
    }
  }

  private async backOff(round: number, draining: AbortSignal): Promise<void> {
    const longest = Math.min(60_000, this.config.retryBaseMs * 2 ** round);
    await wait(longest / 2 + Math.random() * (longest / 2), undefined, { signal: draining }).catch(
      () => undefined,
    );
  }
}

/** A message that cannot be composed any more cannot be asked about either. */
async function askChannel(
  loaded: LoadedRun,
  channel: DeliveryChannel,
  delivery: DeliveryRow,
): Promise<Reconciliation> {
  try {
    return await channel.reconcile(composeMessage(loaded, delivery));
  } catch {
    return 'unknown';
  }
}

const HELD = 'safe mode is on';
const NOTHING_TO_SEND = { total: 0, pending: 0, sending: 0, sent: 0, failed: 0, uncertain: 0 };
