import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { NO_CHAIN } from '../../compliance/audit/run-chains.service.js';
import { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import { TokenVault } from '../../compliance/pii/token-vault.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { DefinitionStore, type StoredDefinition } from '../definitions/definition-store.service.js';
import { checkInput } from '../definitions/input-validator.js';
import { HandOver } from '../engine/hand-over.service.js';
import { LoadedRun } from '../engine/loaded-run.js';
import { classificationAtStart } from '../policies/policy-question.js';
import { RunPolicies } from '../policies/run-policies.service.js';
import { contentOf } from '../runs/content.js';
import type { Run } from '../runs/run.js';
import { refuseDuplicates, refusePersonal } from './check-request.js';
import { newRun, type NewStart, startOf } from './new-run.js';
import { StartGate } from './start-gate.service.js';
import { tokenizeInput } from './tokenize-input.js';

export interface StartRequest {
  readonly definition: string;
  readonly version?: number;
  readonly sessionId: string;
  readonly input: Record<string, unknown>;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Called in the transaction that creates the run, so that what it writes commits with it. */
export type OnStarted = (trx: Trx, run: Run) => Promise<void>;

/** What a request is started with. */
interface Chosen {
  readonly requestId: string;
  readonly stored: StoredDefinition;
  readonly pin: Pick<Run, 'policyVersion' | 'policyActivation'>;
}

/** A request with the personal data taken out of it. */
interface Tokenized extends NewStart {
  readonly stored: StoredDefinition;
  readonly tokenizer: Tokenizer;
}

/** Takes a request to start a run: checks it, takes the personal data out of it, and passes the first gate. */
@Injectable()
export class RunAdmission {
  constructor(
    private readonly definitions: DefinitionStore,
    private readonly sessions: SessionService,
    private readonly vault: TokenVault,
    private readonly gate: StartGate,
    private readonly policies: RunPolicies,
    private readonly handOver: HandOver,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Starts a run, or refuses it and leaves nothing behind but the record of the refusal. With `onStarted` the run is
   * created in a transaction of its own; without, together with the changes of other runs.
   *
   * @throws AppError DEFINITION_NOT_FOUND, VALIDATION_FAILED, SESSION_NOT_FOUND, SESSION_EXPIRED; TRANSITION_DENIED
   *   with the violations, after the denial was committed.
   */
  async start(
    principal: Principal,
    request: StartRequest,
    requestId: string,
    onStarted?: OnStarted,
  ): Promise<Run> {
    const found = this.definitions.getNow(principal.tenantId, request.definition, request.version);
    const pinned = this.policies.pin(principal.tenantId);
    pinned.catch(() => undefined);
    // All are read at once, but the session is looked at first: somebody else's says nothing about definitions either.
    found.catch(() => undefined);
    const session = await this.sessions.useNow(principal, request.sessionId);
    const stored = await found;
    const pin = await pinned;
    const tokenized = this.tokenized(principal, request, { requestId, stored, pin });
    const candidate = { ...tokenized, definition: stored.definition };
    const change = await this.gate.admit({ principal, session }, candidate, startOf(principal, tokenized));
    await this.definitions.ensurePinned(principal.tenantId, stored);
    const loaded = this.loaded(tokenized, session);
    const vaultEntries = loaded.takeNewEntries();
    return this.handOver.start(loaded, { ...change, vaultEntries }, onStarted);
  }

  /** Detection over thousands of recipients takes its time: no transaction is open meanwhile. */
  private tokenized(
    principal: Principal,
    request: StartRequest,
    { requestId, stored, pin }: Chosen,
  ): Tokenized {
    const { definition } = stored;
    checkInput(this.definitions.inputValidator(definition), request.input);
    refuseDuplicates(definition.subjects.recipients, request.input);
    const runId = newId();
    const tokenizer = new Tokenizer({ runRef: this.vault.runSubjectRef(runId) });
    const { input, recipientRefs } = tokenizeInput(definition, request.input, tokenizer, (email) =>
      this.vault.subjectRefOf(principal.tenantId, email),
    );
    refusePersonal(request.attributes ?? {}, tokenizer);
    const run = newRun(
      {
        id: runId,
        tenantId: principal.tenantId,
        definition: definition.name,
        definitionVersion: definition.version,
        sessionId: request.sessionId,
        ownerId: principal.id,
        inputHash: contentOf(input).hash,
        attributes: request.attributes ?? {},
        forkedFromRunId: null,
        forkedFromPhase: null,
        classification: classificationAtStart(definition, request.attributes ?? {}, tokenizer),
        ...pin,
        ownerRoles: principal.roles,
      },
      stored.definition.timeoutSeconds,
      this.clock.now(),
    );
    return { stored, run, tokenizer, input, recipientRefs, requestId };
  }

  /** The run as a worker would load it. */
  private loaded({ stored, run, tokenizer, input }: Tokenized, session: Session): LoadedRun {
    return new LoadedRun({
      run,
      definition: stored.definition,
      input,
      steps: [],
      comments: [],
      approval: undefined,
      artifact: undefined,
      signals: [],
      entries: [],
      tokenizer,
      artifactVersions: 0,
      alteredContents: 0,
      auditChain: NO_CHAIN,
      sessionOwnerId: session.ownerId,
      runRef: this.vault.runSubjectRef(run.id),
    });
  }
}
