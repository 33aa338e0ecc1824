import type { Principal } from '../../auth/principal.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { deadlineJobOf, type Run } from '../runs/run.js';
import { changeOf, type RunChange } from '../runs/run-change.js';
import { EMPTY_CONTEXT } from '../runs/run-context.js';

/** What a run is made with and keeps. */
export type RunOrigin = Pick<
  Run,
  | 'id'
  | 'tenantId'
  | 'definition'
  | 'definitionVersion'
  | 'sessionId'
  | 'ownerId'
  | 'inputHash'
  | 'attributes'
  | 'forkedFromRunId'
  | 'forkedFromPhase'
  | 'classification'
  | 'policyVersion'
  | 'policyActivation'
  | 'ownerRoles'
>;

/** A run that is about to be started. */
export interface NewStart {
  readonly run: Run;
  /** With tokens in place of personal data. */
  readonly input: Record<string, JsonValue>;
  readonly recipientRefs: readonly string[];
  readonly requestId: string;
}

/**
 * A run before anything has been done with it.
 *
 * @param timeoutSeconds how long it may take in all; absent = as long as it takes.
 */
export function newRun(origin: RunOrigin, timeoutSeconds: number | undefined, now: Date): Run {
  return {
    ...origin,
    status: 'QUEUED',
    phase: 'INITIALIZATION',
    version: 0,
    historySeq: 0,
    eventSeq: 0,
    auditSeq: 0,
    auditHead: null,
    round: 0,
    outputHash: null,
    context: EMPTY_CONTEXT,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    degraded: false,
    waitingFor: null,
    deadlineAt: timeoutSeconds === undefined ? null : new Date(now.getTime() + timeoutSeconds * 1_000),
    attempt: 1,
    createdAt: now,
    updatedAt: now,
    completedAt: null,
  };
}

/** What starting a run writes of it. */
export function startOf(principal: Principal, { run, input, recipientRefs, requestId }: NewStart): RunChange {
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
      {
        type: 'workflow.started',
        data: { definition: run.definition, version: run.definitionVersion, ...originOf(run) },
      },
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

function originOf({ forkedFromRunId: runId, forkedFromPhase: phase }: Run): object {
  return runId === null ? {} : { forkedFrom: { runId, phase } };
}
