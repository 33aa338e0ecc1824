import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { NO_CHAIN } from '../../compliance/audit/run-chains.service.js';
import { Tokenizer, tokensIn, type VaultEntry } from '../../compliance/pii/operators/tokenizer.js';
import { TokenVault } from '../../compliance/pii/token-vault.service.js';
import { higher } from '../../compliance/state/classification.js';
import { PHASES, type Phase } from '../../compliance/state/phases.js';
import { DatabaseService } from '../../database/database.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { refuseDuplicates, refusePersonal } from '../admission/check-request.js';
import { newRun, startOf } from '../admission/new-run.js';
import { StartGate } from '../admission/start-gate.service.js';
import { tokenizeInput } from '../admission/tokenize-input.js';
import { DefinitionStore } from '../definitions/definition-store.service.js';
import { checkInput } from '../definitions/input-validator.js';
import { HandOver, type InTransaction } from '../engine/hand-over.service.js';
import { LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { classificationAtStart } from '../policies/policy-question.js';
import { RunPolicies } from '../policies/run-policies.service.js';
import { contentOf } from '../runs/content.js';
import type { Run } from '../runs/run.js';
import { joinChanges } from '../runs/run-change.js';
import { RunRepository } from '../runs/run.repository.js';
import { forkOf } from './fork-change.js';
import { entriesForFork, neededEntries } from './fork-entries.js';
import { planReplay, type ReplayedStep, type SourceStep } from './fork-plan.js';

export interface ForkRequest {
  /** The first phase that the fork does itself. */
  readonly fromPhase: Phase;
  /** Absent = the source's, with its tokens. */
  readonly input?: Record<string, unknown>;
  /** Absent = the source's. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Absent = the source's. */
  readonly sessionId?: string;
}

/** The run that is forked, as it stands. */
interface Source {
  readonly loaded: LoadedRun;
  readonly steps: readonly SourceStep[];
  readonly entered: readonly Phase[];
  readonly entries: readonly VaultEntry[];
}

/** What a fork is started with. */
interface Chosen {
  readonly session: Session;
  readonly pin: Pick<Run, 'policyVersion' | 'policyActivation'>;
}

/** Everything a fork begins with. */
interface Prepared {
  readonly fork: LoadedRun;
  readonly recipientRefs: readonly string[];
  readonly replayed: readonly ReplayedStep[];
  readonly entries: readonly VaultEntry[];
}

/**
 * Starts a run from what another one has done: the steps before a phase are taken over, the rest is done anew. It passes
 * every gate a start passes, and every approval is asked for again.
 */
@Injectable()
export class RunFork {
  constructor(
    private readonly database: DatabaseService,
    private readonly loader: RunLoader,
    private readonly runs: RunRepository,
    private readonly vault: TokenVault,
    private readonly sessions: SessionService,
    private readonly definitions: DefinitionStore,
    private readonly gate: StartGate,
    private readonly policies: RunPolicies,
    private readonly handOver: HandOver,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @throws AppError WORKFLOW_NOT_FOUND; RUN_NOT_FORKABLE with a `reason`; SESSION_NOT_FOUND, SESSION_EXPIRED,
   *   VALIDATION_FAILED; TRANSITION_DENIED with the violations, after the denial was committed.
   */
  async fork(
    principal: Principal,
    sourceId: string,
    request: ForkRequest,
    requestId: string,
    inTransaction?: InTransaction,
  ): Promise<Run> {
    const source = await this.load(principal.tenantId, sourceId);
    refuseUnforkable(source, request);
    const session = await this.sessions.useNow(principal, request.sessionId ?? source.loaded.run.sessionId);
    const pin = await this.policies.pin(principal.tenantId);
    const chosen = { session, pin };
    const { fork, recipientRefs, replayed, entries } = this.prepared(principal, source, request, chosen);
    const { run, definition, tokenizer } = fork;
    const input = fork.input as Record<string, never>;
    const start = { run, input, recipientRefs, requestId };
    const change = joinChanges(
      startOf(principal, start),
      forkOf(run, source.loaded.run.id, replayed, principal),
    );
    const admitted = await this.gate.admit(
      { principal, session },
      { ...start, definition, tokenizer },
      change,
    );
    return this.handOver.start(fork, { ...admitted, vaultEntries: entries }, inTransaction);
  }

  private load(tenantId: string, runId: string): Promise<Source> {
    return this.database.withTenant(tenantId, async (trx) => {
      const loaded = await this.loader.loadWithin(trx, tenantId, runId);
      if (!loaded) throw new AppError('WORKFLOW_NOT_FOUND');
      return {
        loaded,
        steps: await this.runs.stepsToFork(trx, runId),
        entered: await this.runs.enteredPhases(trx, runId),
        entries: await this.vault.open(trx, tenantId, runId),
      };
    });
  }

  /** The fork with what it takes over. Its tokens mean what they mean in the source. */
  private prepared(
    principal: Principal,
    source: Source,
    request: ForkRequest,
    { session, pin }: Chosen,
  ): Prepared {
    const { definition, runRef: sourceRef } = source.loaded;
    const runId = newId();
    const runRef = this.vault.runSubjectRef(runId);
    const known = entriesForFork(source.entries, sourceRef, runRef);
    const tokenizer = new Tokenizer({ runRef, entries: known });
    const input = request.input
      ? this.tokenized(principal, source.loaded, request.input, tokenizer)
      : source.loaded.input;
    const attributes = request.attributes ?? source.loaded.run.attributes;
    refusePersonal(attributes, tokenizer);
    const run = newRun(
      {
        id: runId,
        tenantId: principal.tenantId,
        definition: definition.name,
        definitionVersion: definition.version,
        sessionId: session.id,
        ownerId: principal.id,
        inputHash: contentOf(input).hash,
        attributes,
        forkedFromRunId: source.loaded.run.id,
        forkedFromPhase: request.fromPhase,
        // What it takes over is as sensitive as it was there.
        classification: higher(
          source.loaded.run.classification,
          classificationAtStart(definition, attributes, tokenizer),
        ),
        ...pin,
        ownerRoles: principal.roles,
      },
      definition.timeoutSeconds,
      this.clock.now(),
    );
    const all = [
      ...new Map([...known, ...tokenizer.takeNewEntries()].map((entry) => [entry.token, entry])).values(),
    ];
    const base = { ...EMPTY, run, definition, input, sessionOwnerId: session.ownerId, runRef };
    const readable = new Set(source.entries.map(({ token }) => token));
    const replayed = planReplay(
      {
        source: source.loaded,
        fork: new LoadedRun({ ...base, entries: all, tokenizer }),
        fromPhase: request.fromPhase,
        hasNewInput: request.input !== undefined,
        isReadable: (token) => readable.has(token),
      },
      source.steps,
    );
    const entries = neededEntries(all, [input, ...replayed.map(({ output }) => output)], runRef);
    const steps = replayed.map(({ name, output, detail }) => ({
      key: name.key,
      status: 'completed',
      output,
      detail,
    }));
    const fork = new LoadedRun({ ...base, steps, entries });
    return { fork, recipientRefs: fork.recipientRefs(), replayed, entries };
  }

  private tokenized(
    { tenantId }: Principal,
    { definition }: LoadedRun,
    given: Record<string, unknown>,
    tokenizer: Tokenizer,
  ): Record<string, unknown> {
    checkInput(this.definitions.inputValidator(definition), given);
    refuseDuplicates(definition.subjects.recipients, given);
    return tokenizeInput(definition, given, tokenizer, (email) => this.vault.subjectRefOf(tenantId, email))
      .input;
  }
}

/** What a run does not have before anything was done with it. */
const EMPTY = {
  steps: [],
  comments: [],
  approval: undefined,
  artifact: undefined,
  signals: [],
  artifactVersions: 0,
  alteredContents: 0,
  auditChain: NO_CHAIN,
} as const;

function refuseUnforkable({ loaded, entered, entries }: Source, { fromPhase, input }: ForkRequest): void {
  const reached = Math.max(...['INITIALIZATION' as const, ...entered].map((phase) => PHASES.indexOf(phase)));
  if (PHASES.indexOf(fromPhase) > reached) {
    throw notForkable('phase_not_reached', `The run has not come to ${fromPhase} yet.`);
  }
  // Copied, what was altered would get a hash that vouches for it.
  if (loaded.alteredContents > 0) {
    throw notForkable('content_altered', 'Stored texts of the run are not what their hashes say.');
  }
  const readable = new Set(entries.map(({ token }) => token));
  if (!input && tokensIn(JSON.stringify(loaded.input)).some((token) => !readable.has(token))) {
    throw notForkable(
      'subject_erased',
      'The input speaks of somebody who was erased: give an input without them.',
    );
  }
}

function notForkable(reason: string, detail: string): AppError {
  return new AppError('RUN_NOT_FORKABLE', { detail, members: { reason } });
}
