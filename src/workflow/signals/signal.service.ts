import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { isEnded } from '../../compliance/state/phases.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { signalsOf } from '../definitions/definition-checks.js';
import { DefinitionStore } from '../definitions/definition-store.service.js';
import { checkPayload } from '../definitions/input-validator.js';
import { nameOfSignal, typeOfSignal } from '../engine/loaded-run.js';
import type { Run } from '../runs/run.js';
import { RunRepository } from '../runs/run.repository.js';
import { readWaitingFor, signalsAwaited } from '../runs/waiting-for.js';
import { type SignalPayload, SignalSeal } from './signal-seal.js';
import { SignalRepository } from './signal.repository.js';

export interface SignalRequest {
  readonly name: string;
  readonly payload?: SignalPayload;
  /** The sender's own: the same id twice is one signal. */
  readonly id?: string;
}

/** A signal that is kept for the run. */
export interface SentSignal {
  readonly id: string;
  readonly runId: string;
  readonly name: string;
  readonly createdAt: Date;
  /** Whether it had come before under the sender's id. */
  readonly duplicate: boolean;
}

/** Called in the transaction that keeps the signal, so that the answer commits with it. */
export type OnSent = (trx: Trx, sent: SentSignal) => Promise<void>;

/** A run takes up one at a time: whoever sends more than this means something else. */
const MAX_OPEN = 100;

/** Takes signals for runs: keeps them, and wakes a run that waits for them. */
@Injectable()
export class SignalService {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly definitions: DefinitionStore,
    private readonly signals: SignalRepository,
    private readonly seals: SignalSeal,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Keeps a signal. The run's row is locked and not changed: a step that is under way is not disturbed, and a run that
   * is about to listen either sees the signal or is seen listening.
   *
   * @throws AppError WORKFLOW_NOT_FOUND, RUN_ALREADY_ENDED, SIGNAL_UNKNOWN, SIGNAL_LIMIT_REACHED, VALIDATION_FAILED.
   */
  send(
    principal: Principal,
    runId: string,
    request: SignalRequest,
    requestId: string,
    onSent?: OnSent,
  ): Promise<SentSignal> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const run = await this.runs.lock(trx, runId);
      if (!run) throw new AppError('WORKFLOW_NOT_FOUND');
      const sent =
        (await this.findSent(trx, run, request)) ??
        (await this.keep(trx, principal, run, request, requestId));
      await onSent?.(trx, sent);
      return sent;
    });
  }

  private async findSent(trx: Trx, run: Run, { id }: SignalRequest): Promise<SentSignal | undefined> {
    if (id === undefined) return undefined;
    const found = await this.signals.findSent(trx, run.id, this.seals.senderKey(run.tenantId, run.id, id));
    return (
      found && {
        id: found.id,
        runId: run.id,
        name: nameOfSignal(found.type),
        createdAt: found.createdAt,
        duplicate: true,
      }
    );
  }

  private async keep(
    trx: Trx,
    principal: Principal,
    run: Run,
    { name, payload = {}, id: senderId }: SignalRequest,
    requestId: string,
  ): Promise<SentSignal> {
    if (isEnded(run.status)) throw new AppError('RUN_ALREADY_ENDED', { detail: `The run is ${run.status}.` });
    await this.check(trx, run, name, payload);
    if ((await this.signals.countOpen(trx, run.id)) >= MAX_OPEN) throw new AppError('SIGNAL_LIMIT_REACHED');
    const { tenantId } = run;
    const sent = { id: newId(), runId: run.id, name, createdAt: this.clock.now(), duplicate: false };
    await this.signals.insert(trx, {
      id: sent.id,
      tenantId,
      runId: run.id,
      type: typeOfSignal(name),
      sealedPayload: this.seals.seal(tenantId, sent.id, payload),
      senderKey: senderId === undefined ? null : this.seals.senderKey(tenantId, run.id, senderId),
      createdAt: sent.createdAt,
    });
    await this.audit.append(trx, tenantId, {
      type: 'workflow.signal_received',
      outcome: 'success',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'workflow', ref: run.id }],
      context: { requestId },
      detail: { signal: name, signalId: sent.id },
    });
    if (signalsAwaited(readWaitingFor(run.waitingFor)).includes(name))
      await this.signals.wake(trx, tenantId, run.id);
    return sent;
  }

  private async check(trx: Trx, run: Run, name: string, payload: SignalPayload): Promise<void> {
    const definition = await this.definitions.pinned(
      trx,
      run.tenantId,
      run.definition,
      run.definitionVersion,
    );
    const known = signalsOf(definition).find(({ signal }) => signal.name === name)?.signal;
    if (!known) throw new AppError('SIGNAL_UNKNOWN');
    if (known.schema) checkPayload(known.schema, payload);
  }
}
