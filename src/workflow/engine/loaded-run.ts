import type { VaultEntry } from '../../compliance/pii/operators/tokenizer.js';
import { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import type { ChainReading } from '../../compliance/audit/run-chains.service.js';
import type { WorkflowDefinition } from '../definitions/definition.schema.js';
import { resolveReference, type Scope } from '../definitions/references.js';
import { type AgentStep, isAgentStep, type Step, stepNameOf } from '../definitions/step.schema.js';
import { conditionsOf, type WaitStep } from '../definitions/wait.schema.js';
import type { PolicySubject } from '../policies/policy-question.js';
import type { ApprovalTerms } from '../review/approval-terms.js';
import { nextNoticeAt } from '../review/approval-times.js';
import type { Run } from '../runs/run.js';
import { readWaitingFor } from '../runs/waiting-for.js';
import type { RunView, StepView } from '../workflow.states.js';
import { partsOfKey, stepKey, waitKey } from './step-key.js';
import { type FailedItem, StepLog, type StepRecord } from './step-log.js';

export interface LoadedApproval extends ApprovalTerms {
  readonly id: string;
  readonly status: string;
  readonly artifactId: string;
  readonly bindingHash: Buffer;
  readonly requesterId: string;
  readonly createdAt: Date;
  /** How many of the reminders are done with. */
  readonly reminded: number;
  readonly escalatedAt: Date | null;
  /** Whose say was handed to whom. */
  readonly delegations: readonly {
    readonly fromActor: string;
    readonly toActor: string;
    readonly reason: string | null;
    readonly createdAt: Date;
  }[];
  readonly decisions: readonly {
    readonly actorId: string;
    readonly decision: string;
    readonly comment: string | null;
    readonly bindingHash: Buffer;
    readonly decidedAt: Date;
  }[];
}

export interface LoadedArtifact {
  readonly id: string;
  readonly version: number;
  readonly contentHash: Buffer;
  readonly content: unknown;
}

export interface LoadedSignal {
  readonly id: string;
  /** A kind of the engine's own, or `signal.` and the name that its sender gave. */
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What is read of a run once, when a worker takes it up. */
export interface RunSnapshot {
  readonly run: Run;
  readonly definition: WorkflowDefinition;
  readonly input: Record<string, unknown>;
  /** What was done of its steps, oldest first. */
  readonly steps: readonly StepRecord[];
  readonly comments: readonly string[];
  readonly approval: LoadedApproval | undefined;
  readonly artifact: LoadedArtifact | undefined;
  /** Signals that were not taken up, oldest first. */
  readonly signals: readonly LoadedSignal[];
  readonly entries: readonly VaultEntry[];
  /** Where there is one already; absent = made from the entries. */
  readonly tokenizer?: Tokenizer;
  /** How many versions of the artefact the run has made, in all rounds. */
  readonly artifactVersions: number;
  /** Stored texts that are not what their hash says. */
  readonly alteredContents: number;
  /** Its chain of audit events, as read with it. */
  readonly auditChain: ChainReading;
  /** Who owns the run's session; a session never changes hands. */
  readonly sessionOwnerId: string | undefined;
  /** The vault's reference for values that belong to nobody known. */
  readonly runRef: string;
}

/**
 * A run in the hands of the worker that drives it: what was read once, kept up to date with every commit, so that
 * nothing is read again.
 */
export class LoadedRun {
  run: Run;
  readonly definition: WorkflowDefinition;
  readonly input: Record<string, unknown>;
  readonly tokenizer: Tokenizer;
  comments: readonly string[];
  /** Those that were not taken up. */
  signals: RunSnapshot['signals'];
  approval: LoadedApproval | undefined;
  artifact: LoadedArtifact | undefined;
  artifactVersions: number;
  readonly runRef: string;
  readonly alteredContents: number;
  /** As last read. */
  auditChain: ChainReading;
  /** The run as the database holds it. */
  stored: Run;
  readonly sessionOwnerId: string | undefined;
  readonly steps: StepLog;
  private readonly entries: Map<string, VaultEntry>;
  private readonly unsealed: VaultEntry[] = [];

  constructor(snapshot: RunSnapshot) {
    this.run = snapshot.run;
    this.definition = snapshot.definition;
    this.input = snapshot.input;
    this.steps = new StepLog(snapshot.steps);
    this.comments = snapshot.comments;
    this.approval = snapshot.approval;
    this.artifact = snapshot.artifact;
    this.signals = snapshot.signals;
    this.artifactVersions = snapshot.artifactVersions;
    this.runRef = snapshot.runRef;
    this.alteredContents = snapshot.alteredContents;
    this.auditChain = snapshot.auditChain;
    this.stored = snapshot.run;
    this.sessionOwnerId = snapshot.sessionOwnerId;
    this.entries = new Map(snapshot.entries.map((entry) => [entry.token, entry]));
    this.tokenizer =
      snapshot.tokenizer ?? new Tokenizer({ runRef: snapshot.runRef, entries: snapshot.entries });
  }

  /** What policies look at. */
  get policySubject(): PolicySubject {
    const { run, definition, input, tokenizer, approval } = this;
    return { run, definition, input, tokenizer, approval };
  }

  /** The state on which the next action is decided. */
  view(run: Run): RunView {
    const phase = this.definition.phases[run.phase];
    return {
      status: run.status,
      phase: run.phase,
      steps: phase.agents.map((step, position) => this.viewOf(step, position, run)),
      artifactMade: this.artifact !== undefined,
      approval: this.approval && { ...this.approval, nextNoticeAt: nextNoticeAt(this.approval) },
      deliverySettled: this.deliverySignal() !== undefined,
      deadlineAt: run.deadlineAt,
      waitingFor: readWaitingFor(run.waitingFor),
      waitKeyAt: (position) => waitKey(run.phase, position, run.round),
      signals:
        this.signals.length === 0 ? NO_SIGNALS : new Set(this.signals.map(({ type }) => nameOfSignal(type))),
    };
  }

  /** What templates may refer to. */
  scope(run: Run): RunScope {
    const outputs: Record<string, unknown> = {};
    const signals: Record<string, unknown> = {};
    for (const [name, phase] of Object.entries(this.definition.phases)) {
      for (const [position, step] of phase.agents.entries()) {
        if (!isAgentStep(step)) {
          Object.assign(signals, this.receivedBy(step, name as Run['phase'], position, run));
          continue;
        }
        const output = this.outputOf(step, run, name as Run['phase']);
        if (output !== undefined) outputs[stepNameOf(step)] = output;
      }
    }
    return { input: this.input, outputs, signals, review: { comments: this.comments } };
  }

  /** Names a step of the run's phase and round. */
  keyOf(step: AgentStep, run: Run, phase: Run['phase'] = run.phase): string {
    return stepKey(phase, stepNameOf(step), run.round);
  }

  /** The items a fan-out step works on. */
  items(step: AgentStep): readonly unknown[] {
    const items = step.forEach ? resolveReference(step.forEach, { input: this.input }) : undefined;
    return Array.isArray(items) ? items : [];
  }

  /** Items of all fan-outs of the present round that were given up, or left out. */
  failedItems(run: Run): readonly (FailedItem & { readonly step: string })[] {
    return Object.entries(this.definition.phases).flatMap(([phase, plan]) =>
      plan.agents.filter(isAgentStep).flatMap((step) => {
        const leftOut = this.leftOutOf(step);
        const failed = this.steps.failedItems(this.keyOf(step, run, phase as Run['phase']));
        return [
          ...failed.filter(({ index }) => !leftOut.has(index)),
          ...[...leftOut].map(([index, code]) => ({ index, code })),
        ].map(({ index, code }) => ({ step: stepNameOf(step), index, code }));
      }),
    );
  }

  /** Recipients for whom the step does nothing any more, by place. */
  leftOutOf(step: AgentStep): ReadonlyMap<number, string> {
    return step.forEach === this.definition.subjects.recipients ? this.steps.leftOut : NOBODY;
  }

  /** The run as it stands after a change that is about to be committed; a new round starts with a clean desk. */
  advance(run: Run): void {
    if (run.round !== this.run.round) {
      this.approval = undefined;
      this.artifact = undefined;
    }
    this.run = run;
  }

  /** Takes note of a decision that is about to be committed. */
  decide(approval: LoadedApproval, edited: LoadedArtifact | undefined, comment: string | null): void {
    this.approval = approval;
    if (edited) this.artifact = edited;
    if (comment !== null) this.comments = [...this.comments, comment];
  }

  /** Tokens given out since the last call, for the vault to seal. */
  takeNewEntries(): VaultEntry[] {
    this.learnNewEntries();
    return this.unsealed.splice(0);
  }

  /** Makes tokens given out since the last call known to `entryOf`. */
  learnNewEntries(): void {
    for (const entry of this.tokenizer.takeNewEntries()) {
      this.entries.set(entry.token, entry);
      this.unsealed.push(entry);
    }
  }

  /** What a token stands for. */
  entryOf(token: string): VaultEntry | undefined {
    return this.entries.get(token);
  }

  /** References of the recipients, in their order. */
  recipientRefs(): string[] {
    const recipients = resolveReference(this.definition.subjects.recipients, { input: this.input });
    return (Array.isArray(recipients) ? recipients : []).map(
      (recipient) => this.subjectRefOf(recipient) ?? '',
    );
  }

  /** References of the recipients for whom something is still done. */
  remainingRefs(): string[] {
    return this.recipientRefs().filter((_ref, index) => !this.steps.leftOut.has(index));
  }

  /** What stands in the input for the addresses of recipients who were left out. */
  leftOutAddresses(): ReadonlySet<unknown> {
    const { leftOut } = this.steps;
    if (leftOut.size === 0) return NO_ADDRESSES;
    const recipients = resolveReference(this.definition.subjects.recipients, { input: this.input });
    const people = Array.isArray(recipients) ? (recipients as ({ email?: unknown } | null)[]) : [];
    return new Set([...leftOut.keys()].map((index) => people[index]?.email));
  }

  /** Reference of the sender, where the definition has one. */
  senderRef(): string | undefined {
    const { sender } = this.definition.subjects;
    return sender === undefined
      ? undefined
      : this.subjectRefOf(resolveReference(sender, { input: this.input }));
  }

  /** Whom the answer about an item may speak of: the item's own person, if it is one, and the sender. */
  subjectRefsOf(item: unknown): string[] | undefined {
    const owner = this.subjectRefOf(item);
    const sender = this.senderRef();
    return owner === undefined ? undefined : sender === undefined ? [owner] : [owner, sender];
  }

  private subjectRefOf(person: unknown): string | undefined {
    const email = (person as { email?: unknown } | null | undefined)?.email;
    return typeof email === 'string' ? this.entries.get(email)?.subjectRef : undefined;
  }

  /** Whether messages are held back by a wait of DELIVERY that is not over. */
  holdsBackDelivery(run: Run): boolean {
    return this.definition.phases.DELIVERY.agents.some(
      (step, position) => !isAgentStep(step) && !this.steps.isDone(waitKey('DELIVERY', position, run.round)),
    );
  }

  deliverySignal(): RunSnapshot['signals'][number] | undefined {
    return this.signals.find((signal) => signal.type === 'delivery.settled');
  }

  private outputOf(step: AgentStep, run: Run, phase: Run['phase']): unknown {
    const key = this.keyOf(step, run, phase);
    return step.forEach ? this.steps.itemOutputs(key, this.leftOutOf(step)) : this.steps.output(key);
  }

  /** The payload of the signal that ended a wait, by the signal's name. */
  private receivedBy(
    step: WaitStep,
    phase: Run['phase'],
    position: number,
    run: Run,
  ): Record<string, unknown> {
    const ended = this.steps.output(waitKey(phase, position, run.round)) as
      { signal?: unknown; payload?: unknown } | undefined;
    const name = ended?.signal;
    return typeof name === 'string' && conditionsOf(step).some(({ signal }) => signal?.name === name)
      ? { [name]: ended?.payload ?? {} }
      : {};
  }

  private viewOf(step: Step, position: number, run: Run): StepView {
    if (!isAgentStep(step)) {
      return { state: this.steps.isDone(waitKey(run.phase, position, run.round)) ? 'done' : 'open' };
    }
    const key = this.keyOf(step, run);
    const closed = this.steps.closedAs(key);
    if (closed) return { state: closed };
    if (!step.forEach) {
      return this.steps.isDone(key)
        ? { state: 'done' }
        : { state: 'open', notBefore: this.steps.retried(key)?.notBefore };
    }
    const { made, failed } = this.steps.itemCounts(key, this.leftOutOf(step));
    const open = this.items(step).length - made - failed;
    return open <= 0 ? { state: 'done' } : { state: 'open', notBefore: this.retryOfItems(step, key, open) };
  }

  /** When the first of the items may be tried again, if none of them can be tried now. */
  private retryOfItems(step: AgentStep, key: string, open: number): Date | undefined {
    const leftOut = this.leftOutOf(step);
    const retried = [...this.steps.retriedItems(key)].filter(
      (item) => !leftOut.has(partsOfKey(item).item ?? -1),
    );
    if (retried.length < open) return undefined;
    const times = retried.map((item) => this.steps.retried(item)?.notBefore.getTime() ?? 0);
    return new Date(Math.min(...times));
  }
}

const NO_SIGNALS: ReadonlySet<string> = new Set();
const NO_ADDRESSES: ReadonlySet<unknown> = new Set();
const NOBODY: ReadonlyMap<number, string> = new Map();
const SENT = 'signal.';

/** The kind under which a signal is stored that somebody sends. */
export function typeOfSignal(name: string): string {
  return SENT + name;
}

/** The name that the sender of a signal gave; empty for one of the engine's own kinds. */
export function nameOfSignal(type: string): string {
  return type.startsWith(SENT) ? type.slice(SENT.length) : '';
}

type RunScope = Scope & {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly signals: Readonly<Record<string, unknown>>;
};
