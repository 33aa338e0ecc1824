import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import { AuditTrail, type PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import { ConsentService } from '../../compliance/consent/consent.service.js';
import { ComplianceGate } from '../../compliance/gate/compliance-gate.service.js';
import { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import { TokenVault } from '../../compliance/pii/token-vault.service.js';
import type { Violation } from '../../compliance/state/state-rule.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError, type FieldError } from '../../kernel/app-error.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { DefinitionStore, type StoredDefinition } from '../definitions/definition-store.service.js';
import { checkInput } from '../definitions/input-validator.js';
import { resolveReference } from '../definitions/references.js';
import { contentOf } from '../runs/content.js';
import { HandOver } from '../engine/hand-over.service.js';
import { LoadedRun } from '../engine/loaded-run.js';
import { deadlineJobOf, type Run } from '../runs/run.js';
import { changeOf, type RunChange } from '../runs/run-change.js';
import { EMPTY_CONTEXT } from '../runs/run-context.js';
import { RunWriter } from '../runs/run-writer.service.js';
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

/** A request with the personal data taken out of it. */
interface Tokenized {
  readonly stored: StoredDefinition;
  readonly run: Run;
  readonly tokenizer: Tokenizer;
  readonly input: Record<string, JsonValue>;
  readonly recipientRefs: readonly string[];
  readonly requestId: string;
}

/** Takes a request to start a run: checks it, takes the personal data out of it, and passes the first gate. */
@Injectable()
export class RunAdmission {
  constructor(
    private readonly definitions: DefinitionStore,
    private readonly sessions: SessionService,
    private readonly consents: ConsentService,
    private readonly vault: TokenVault,
    private readonly gate: ComplianceGate,
    private readonly audit: AuditTrail,
    private readonly writer: RunWriter,
    private readonly handOver: HandOver,
    private readonly database: DatabaseService,
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
    // First, so that somebody else's session says nothing about definitions either.
    const session = await this.sessions.useNow(principal, request.sessionId);
    const stored = await this.definitions.getNow(principal.tenantId, request.definition, request.version);
    const tokenized = this.tokenized(principal, request, requestId, stored);
    const change = await this.admitted(principal, session, tokenized);
    await this.definitions.ensurePinned(principal.tenantId, stored);
    const loaded = this.loaded(tokenized, session);
    const vaultEntries = loaded.takeNewEntries();
    return this.handOver.start(loaded, { ...change, vaultEntries }, onStarted);
  }

  /** Detection over thousands of recipients takes its time: no transaction is open meanwhile. */
  private tokenized(
    principal: Principal,
    request: StartRequest,
    requestId: string,
    stored: StoredDefinition,
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
    const run = this.newRun(runId, principal, request, stored, contentOf(input).hash);
    return { stored, run, tokenizer, input, recipientRefs, requestId };
  }

  /** The change that starts the run. @throws AppError TRANSITION_DENIED when the gate does not let it in. */
  private async admitted(principal: Principal, session: Session, tokenized: Tokenized): Promise<RunChange> {
    const { run, stored, recipientRefs, tokenizer, input, requestId } = tokenized;
    const { purpose } = stored.definition;
    const consent = await this.consents.covers(run.tenantId, run.sessionId, purpose, recipientRefs);
    const change = startOf(principal, tokenized);
    let audit: PreparedAudit | undefined;
    const decision = this.gate.decide({
      runId: run.id,
      review: {
        from: null,
        to: 'INITIALIZATION',
        actorId: principal.id,
        ownerId: run.ownerId,
        // `use` has thrown already for a session that is not usable.
        session: { ownerId: session.ownerId, usable: true },
        consent: { covered: consent.covered, missing: consent.missing, purpose },
      },
      record: () => {
        audit = this.writer.record(run, change);
      },
      scan: () => tokenizer.residual(input).length,
    });
    if (decision.allowed) return { ...change, audit };
    await this.recordDenial(principal, run, decision.violations, requestId);
    throw new AppError('TRANSITION_DENIED', { members: { violations: decision.violations } });
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
      sessionOwnerId: session.ownerId,
      runRef: this.vault.runSubjectRef(run.id),
    });
  }

  private async recordDenial(
    principal: Principal,
    run: Run,
    violations: readonly Violation[],
    requestId: string,
  ): Promise<void> {
    const fact: AuditFact = {
      type: 'workflow.start_denied',
      outcome: 'denied',
      actor: { type: 'apiKey', ref: principal.id },
      code: violations[0]?.rule,
      sessionId: run.sessionId,
      targets: [{ type: 'session', ref: run.sessionId }],
      context: { requestId },
      detail: {
        definition: run.definition,
        violations: violations.map((violation) => violation.rule).join(' '),
      },
    };
    await this.database.withTenant(principal.tenantId, (trx) =>
      this.audit.append(trx, principal.tenantId, fact),
    );
  }

  private newRun(
    id: string,
    principal: Principal,
    request: StartRequest,
    { definition }: StoredDefinition,
    inputHash: Buffer,
  ): Run {
    const now = this.clock.now();
    return {
      id,
      tenantId: principal.tenantId,
      definition: definition.name,
      definitionVersion: definition.version,
      sessionId: request.sessionId,
      ownerId: principal.id,
      status: 'QUEUED',
      phase: 'INITIALIZATION',
      version: 0,
      historySeq: 0,
      eventSeq: 0,
      auditSeq: 0,
      auditHead: null,
      round: 0,
      inputHash,
      outputHash: null,
      context: EMPTY_CONTEXT,
      attributes: request.attributes ?? {},
      inputTokens: 0,
      outputTokens: 0,
      costUsd: 0,
      degraded: false,
      waitingFor: null,
      deadlineAt: deadlineOf(definition.timeoutSeconds, now),
      createdAt: now,
      updatedAt: now,
      completedAt: null,
    };
  }
}

function deadlineOf(timeoutSeconds: number | undefined, now: Date): Date | null {
  return timeoutSeconds === undefined ? null : new Date(now.getTime() + timeoutSeconds * 1_000);
}

/** What starting a run writes of it. */
function startOf(principal: Principal, { run, input, recipientRefs, requestId }: Tokenized): RunChange {
  return changeOf({
    jobs: run.deadlineAt
      ? [{ name: 'workflow.drive', id: deadlineJobOf(run), startAfter: run.deadlineAt }]
      : [],
    contents: [{ hash: run.inputHash, value: input }],
    history: [
      {
        kind: 'transition',
        phase: 'INITIALIZATION',
        status: 'completed',
        to: 'INITIALIZATION',
        inputHash: run.inputHash,
        startedAt: run.createdAt,
        endedAt: run.createdAt,
      },
    ],
    events: [
      { type: 'workflow.started', data: { definition: run.definition, version: run.definitionVersion } },
      { type: 'phase.entered', data: { phase: 'INITIALIZATION' } },
    ],
    facts: [
      {
        type: 'workflow.started',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principal.id },
        sessionId: run.sessionId,
        targets: [{ type: 'workflow', ref: run.id }],
        context: { requestId },
        detail: {
          definition: run.definition,
          version: run.definitionVersion,
          input: run.inputHash.toString('hex'),
          recipients: recipientRefs.length,
        },
      },
      {
        type: 'workflow.transition',
        outcome: 'success',
        actor: { type: 'system', ref: 'engine' },
        change: { to: 'INITIALIZATION' },
      },
    ],
  });
}

/** One address twice would be two messages to one person. */
export function refuseDuplicates(recipientsPath: string, input: Record<string, unknown>): void {
  const recipients = resolveReference(recipientsPath, { input });
  if (!Array.isArray(recipients)) return;
  const first = new Map<string, number>();
  const errors: FieldError[] = [];
  const path = recipientsPath.slice('$.'.length);
  for (const [index, recipient] of (recipients as { email: string }[]).entries()) {
    const address = recipient.email.trim().toLowerCase().normalize('NFC');
    const earlier = first.get(address);
    if (earlier === undefined) first.set(address, index);
    else
      errors.push({
        path: `${path}.${index}.email`,
        message: `is the same address as ${path}.${earlier}.email`,
      });
  }
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors: errors.slice(0, 100) });
}

/** Attributes are searched by, so they are stored as they are: they must not be personal, not even one word of a name. */
export function refusePersonal(attributes: Readonly<Record<string, string>>, tokenizer: Tokenizer): void {
  const errors = Object.entries(attributes)
    .filter(([key, value]) => isPersonal({ [key]: value }, tokenizer))
    .map(([key]) => ({
      path: isPersonal(key, tokenizer) ? 'attributes' : `attributes.${key}`,
      message: 'holds personal data; use an opaque reference instead',
    }));
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors });
}

function isPersonal(value: JsonValue, tokenizer: Tokenizer): boolean {
  return JSON.stringify(tokenizer.tokenizeJson(value, 'model')) !== JSON.stringify(value);
}
