import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { ERROR_CATALOGUE } from '../../kernel/error-catalogue.js';
import { newId } from '../../kernel/ids.js';
import { resolveReference } from '../definitions/references.js';
import { conditionsOf, type WaitStep } from '../definitions/wait.schema.js';
import { contentOf } from '../runs/content.js';
import { changeOf, joinChanges, NO_CHANGE, type RunChange } from '../runs/run-change.js';
import { readWaitingFor, type WaitCondition, type WaitingFor, wakesAt } from '../runs/waiting-for.js';
import type { NextAction } from '../workflow.states.js';
import { typeOfSignal } from './loaded-run.js';
import type { Segment } from './segment.js';
import { Transitions } from './transitions.service.js';

type EndOfWait = Extract<NextAction, { kind: 'end-wait' }>;

const SYSTEM = { type: 'system', ref: 'engine' } as const;

/** Begins and ends the waits of a run. Nothing is held meanwhile: a row says what is awaited, a job wakes the run. */
@Injectable()
export class Waits {
  constructor(
    private readonly transitions: Transitions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  begin(segment: Segment, key: string, step: WaitStep): RunChange {
    const { run } = segment;
    const now = this.clock.now();
    const conditions = this.conditions(segment, step, now);
    if (!conditions) {
      return this.transitions.fail(run, 'TIMER_INVALID', ERROR_CATALOGUE.TIMER_INVALID.title);
    }
    const waitingFor = { key, jobId: newId(), since: now.toISOString(), conditions };
    return joinChanges(
      this.leave(segment),
      changeOf({
        ...segment.takenUp(),
        waitingFor,
        jobs: wakeOf(waitingFor),
        events: [{ type: 'wait.started', data: { phase: run.phase, ...toldOf(conditions) } }],
        facts: [
          ...(segment.takenUp().facts ?? []),
          { type: 'workflow.wait_started', outcome: 'success', actor: SYSTEM, detail: { wait: key } },
        ],
      }),
    );
  }

  /** Goes on because of what has come, or ends the run because it has not come in time. */
  end(segment: Segment, { key, by, timedOut }: EndOfWait): RunChange {
    const { run } = segment;
    if (timedOut && by.kind === 'signal' && by.onTimeout === 'fail') {
      return this.transitions.fail(run, 'SIGNAL_TIMED_OUT', ERROR_CATALOGUE.SIGNAL_TIMED_OUT.title);
    }
    const now = this.clock.now();
    const begun = readWaitingFor(run.waitingFor);
    const { output, signalId } = this.outputOf(segment, by, timedOut, now);
    const content = contentOf(output);
    segment.loaded.steps.note({ key, status: 'completed', output, detail: undefined });
    const ended = {
      phase: run.phase,
      by: by.kind,
      ...(by.kind === 'signal' && { signal: by.name }),
      timedOut,
    };
    return joinChanges(
      this.leave(segment),
      changeOf({
        ...segment.takenUp(),
        contents: [content],
        vaultEntries: segment.loaded.takeNewEntries(),
        consumedSignals: signalId === undefined ? [] : [signalId],
        history: [
          {
            kind: 'wait',
            stepKey: key,
            phase: run.phase,
            status: 'completed',
            outputHash: content.hash,
            detail: { by: ended.by, signal: ended.signal, timedOut },
            startedAt: begun?.key === key ? new Date(begun.since) : now,
            endedAt: now,
          },
        ],
        events: [{ type: 'wait.ended', data: ended }],
        facts: [
          ...(segment.takenUp().facts ?? []),
          {
            type: 'workflow.wait_ended',
            outcome: 'success',
            actor: SYSTEM,
            detail: { wait: key, by: by.kind, timedOut, output: content.hash.toString('hex') },
          },
        ],
        jobs: deliveryBehind(segment) ? [{ name: 'delivery.deliver' }] : [],
      }),
    );
  }

  /** Ends a run that is late; what it still asks of people is not asked any more. */
  timeOut({ loaded, run }: Segment): RunChange {
    const { approval } = loaded;
    const closed =
      approval?.status === 'pending'
        ? changeOf({
            closedApprovals: [{ id: approval.id, status: 'expired' }],
            endedJobs: [{ id: approval.id, name: 'workflow.drive' }],
          })
        : NO_CHANGE;
    return joinChanges(
      closed,
      this.transitions.fail(run, 'RUN_TIMED_OUT', ERROR_CATALOGUE.RUN_TIMED_OUT.title),
    );
  }

  /** Puts the run down until steps may be tried again. */
  retryLater(segment: Segment, at: Date): void {
    const begun = readWaitingFor(segment.run.waitingFor);
    if (begun?.key === RETRY && wakesAt(begun)?.getTime() === at.getTime()) return;
    const waitingFor: WaitingFor = {
      key: RETRY,
      jobId: newId(),
      since: this.clock.now().toISOString(),
      conditions: [{ kind: 'retry', until: at.toISOString() }],
    };
    segment.add(joinChanges(this.leave(segment), changeOf({ waitingFor, jobs: wakeOf(waitingFor) })));
  }

  /** The run does not wait any more; nobody needs to wake it, unless that one drives it now. */
  leave({ run, claimId }: Segment): RunChange {
    const jobId = readWaitingFor(run.waitingFor)?.jobId;
    const isMine = jobId === undefined || jobId === claimId;
    return changeOf({
      waitingFor: run.waitingFor === null ? undefined : null,
      endedJobs: isMine ? [] : [{ id: jobId, name: 'workflow.drive' }],
    });
  }

  /** Undefined when a time to wait for is none. */
  private conditions({ loaded, run }: Segment, step: WaitStep, now: Date): WaitCondition[] | undefined {
    const after = (seconds: number) => new Date(now.getTime() + seconds * 1_000).toISOString();
    const conditions: WaitCondition[] = [];
    for (const { timer, signal } of conditionsOf(step)) {
      if (signal) {
        const { name, timeoutSeconds, onTimeout = 'fail' } = signal;
        const until = timeoutSeconds === undefined ? {} : { until: after(timeoutSeconds) };
        conditions.push({ kind: 'signal', name, ...until, onTimeout });
      } else if (timer?.seconds !== undefined) {
        conditions.push({ kind: 'timer', until: after(timer.seconds) });
      } else {
        const until = instant.safeParse(resolveReference(timer?.until ?? '', loaded.scope(run)));
        if (!until.success) return undefined;
        conditions.push({ kind: 'timer', until: new Date(until.data).toISOString() });
      }
    }
    return conditions;
  }

  /** What a sender has sent along becomes tokens here, where it enters the run. */
  private outputOf({ loaded }: Segment, by: WaitCondition, timedOut: boolean, now: Date) {
    if (by.kind !== 'signal') return { output: { timer: by.until ?? now.toISOString() } };
    if (timedOut) return { output: { timedOut: by.name } };
    const type = typeOfSignal(by.name);
    const signal = loaded.signals.find((each) => each.type === type);
    if (!signal) throw new TypeError(`no signal ${by.name}`);
    loaded.signals = loaded.signals.filter((each) => each !== signal);
    const payload = loaded.tokenizer.tokenizeJson(signal.payload as JsonValue, 'untrusted');
    return { output: { signal: by.name, payload }, signalId: signal.id };
  }
}

const RETRY = 'retry';
const instant = z.iso.datetime({ offset: true });

function wakeOf(waitingFor: WaitingFor): RunChange['jobs'] {
  const startAfter = wakesAt(waitingFor);
  return startAfter ? [{ name: 'workflow.drive', id: waitingFor.jobId, startAfter }] : [];
}

function toldOf(conditions: readonly WaitCondition[]) {
  const signals = conditions.flatMap((each) => (each.kind === 'signal' ? [each.name] : []));
  return { signals, until: wakesAt({ conditions: [...conditions] })?.toISOString() };
}

/** Whether this was the last wait before messages go out. */
function deliveryBehind({ loaded, run }: Segment): boolean {
  const { delivery } = loaded.definition.phases.DELIVERY;
  return run.phase === 'DELIVERY' && delivery !== undefined && !loaded.holdsBackDelivery(run);
}
