import type { VaultEntry } from '../../compliance/pii/operators/tokenizer.js';
import { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import type { AgentStep, WorkflowDefinition } from '../definitions/definition.schema.js';
import { resolveReference, type Scope } from '../definitions/references.js';
import type { Run } from '../runs/run.js';
import type { RunView } from '../workflow.states.js';
import { stepKey } from './step-key.js';

export interface LoadedApproval {
  readonly id: string;
  readonly status: string;
  readonly artifactId: string;
  readonly bindingHash: Buffer;
  readonly requesterId: string;
  readonly fourEyes: boolean;
  readonly requiredApprovals: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
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

/** What is read of a run once, when a worker takes it up. */
export interface RunSnapshot {
  readonly run: Run;
  readonly definition: WorkflowDefinition;
  readonly input: Record<string, unknown>;
  /** Outputs of completed steps by step key. */
  readonly outputs: ReadonlyMap<string, unknown>;
  readonly comments: readonly string[];
  readonly approval: LoadedApproval | undefined;
  readonly artifact: LoadedArtifact | undefined;
  readonly signals: readonly {
    readonly id: string;
    readonly type: string;
    readonly payload: Record<string, unknown>;
  }[];
  readonly entries: readonly VaultEntry[];
  /** Where there is one already; absent = made from the entries. */
  readonly tokenizer?: Tokenizer;
  /** How many versions of the artefact the run has made, in all rounds. */
  readonly artifactVersions: number;
  /** Stored texts that are not what their hash says. */
  readonly alteredContents: number;
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
  readonly signals: RunSnapshot['signals'];
  approval: LoadedApproval | undefined;
  artifact: LoadedArtifact | undefined;
  artifactVersions: number;
  readonly runRef: string;
  readonly alteredContents: number;
  readonly sessionOwnerId: string | undefined;
  private readonly outputs: Map<string, unknown>;
  private readonly entries: Map<string, VaultEntry>;
  private readonly unsealed: VaultEntry[] = [];

  constructor(snapshot: RunSnapshot) {
    this.run = snapshot.run;
    this.definition = snapshot.definition;
    this.input = snapshot.input;
    this.outputs = new Map(snapshot.outputs);
    this.comments = snapshot.comments;
    this.approval = snapshot.approval;
    this.artifact = snapshot.artifact;
    this.signals = snapshot.signals;
    this.artifactVersions = snapshot.artifactVersions;
    this.runRef = snapshot.runRef;
    this.alteredContents = snapshot.alteredContents;
    this.sessionOwnerId = snapshot.sessionOwnerId;
    this.entries = new Map(snapshot.entries.map((entry) => [entry.token, entry]));
    this.tokenizer =
      snapshot.tokenizer ?? new Tokenizer({ runRef: snapshot.runRef, entries: snapshot.entries });
  }

  /** The state on which the next action is decided. */
  view(run: Run): RunView {
    const phase = this.definition.phases[run.phase];
    const done = phase.agents.filter((step) => this.isDone(step, run)).map((step) => step.agent);
    return {
      status: run.status,
      phase: run.phase,
      doneAgents: new Set(done),
      artifactMade: this.artifact !== undefined,
      approval: this.approval,
      deliverySettled: this.deliverySignal() !== undefined,
    };
  }

  /** What templates may refer to. */
  scope(run: Run): Scope & { readonly outputs: Readonly<Record<string, unknown>> } {
    const outputs: Record<string, unknown> = {};
    for (const [name, phase] of Object.entries(this.definition.phases)) {
      for (const step of phase.agents) {
        const output = step.forEach
          ? this.itemOutputs(step, run, name as Run['phase'])
          : this.outputs.get(stepKey(name as Run['phase'], step.agent, run.round));
        if (output !== undefined) outputs[step.agent] = output;
      }
    }
    return { input: this.input, outputs, review: { comments: this.comments } };
  }

  /** The items a fan-out step works on. */
  items(step: AgentStep): readonly unknown[] {
    const items = step.forEach ? resolveReference(step.forEach, { input: this.input }) : undefined;
    return Array.isArray(items) ? items : [];
  }

  /** Outputs of a fan-out so far, in the order of its items. */
  itemOutputs(step: AgentStep, run: Run, phase: Run['phase'] = run.phase): readonly unknown[] {
    const made: unknown[] = [];
    for (;;) {
      const chunk = this.outputs.get(stepKey(phase, step.agent, run.round, made.length));
      if (!Array.isArray(chunk) || chunk.length === 0) return made;
      made.push(...(chunk as unknown[]));
    }
  }

  remember(key: string, output: unknown): void {
    this.outputs.set(key, output);
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

  deliverySignal(): RunSnapshot['signals'][number] | undefined {
    return this.signals.find((signal) => signal.type === 'delivery.settled');
  }

  private isDone(step: AgentStep, run: Run): boolean {
    if (!step.forEach) return this.outputs.has(stepKey(run.phase, step.agent, run.round));
    return this.itemOutputs(step, run).length >= this.items(step).length;
  }
}
