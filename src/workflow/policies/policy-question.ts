import type { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import type { PolicyAction, PolicyRequest } from '../../compliance/policy/policy-request.js';
import { timeOf } from '../../compliance/policy/policy-request.js';
import {
  type Classification,
  classify,
  countKinds,
  type FindingCounts,
  higher,
} from '../../compliance/state/classification.js';
import type { StateReview } from '../../compliance/state/state-rule.js';
import type { WorkflowDefinition } from '../definitions/definition.schema.js';
import { resolveReference } from '../definitions/references.js';
import type { LoadedApproval } from '../engine/loaded-run.js';
import type { Run } from '../runs/run.js';

/** A run as far as policies look at it. */
export interface PolicySubject {
  readonly run: Run;
  readonly definition: WorkflowDefinition;
  readonly input: Readonly<Record<string, unknown>>;
  readonly tokenizer: Tokenizer;
  readonly approval?: LoadedApproval;
}

/** What is asked of the policies, and by whom. */
export interface PolicyQuestion {
  readonly action: PolicyAction;
  /** Absent = the owner of the run. */
  readonly principal?: PolicyRequest['principal'];
  /** Facts that were gathered for the gate. */
  readonly review: Pick<StateReview, 'from' | 'consent' | 'approval' | 'oversight'>;
}

/** The question with everything that policies may know of the run at this moment. */
export function policyRequestOf(
  { run, definition, input, approval }: PolicySubject,
  { action, principal, review }: PolicyQuestion,
  { classification, findings, provider, now }: KnownOutside,
): PolicyRequest {
  const { delivery } = definition.phases.DELIVERY;
  const channel = delivery && resolveReference(delivery.channel, { input });
  const recipients = resolveReference(definition.subjects.recipients, { input });
  const { consent } = review;
  return {
    action,
    principal: principal ?? { id: run.ownerId, roles: run.ownerRoles },
    run: {
      id: run.id,
      tenantId: run.tenantId,
      definition: run.definition,
      definitionVersion: run.definitionVersion,
      phase: review.from === null ? '' : run.phase,
      ownerId: run.ownerId,
      sessionId: run.sessionId,
      attributes: run.attributes,
      degraded: run.degraded,
      costUsd: run.costUsd.toFixed(4),
      tokens: run.inputTokens + run.outputTokens,
      round: run.round,
    },
    known: {
      classification,
      findings,
      ...(consent && { consent: { covered: consent.covered, missing: consent.missing } }),
      approval: {
        status: approval?.status ?? 'none',
        required: approval?.requiredApprovals ?? definition.phases.REVIEW.approval?.required ?? 0,
        given: approvalsOf(review),
        fourEyes: approval?.fourEyes ?? false,
      },
      recipients: Array.isArray(recipients) ? recipients.length : 0,
      delivers: delivery !== undefined,
      ...(typeof channel === 'string' && { channel }),
      provider,
      time: timeOf(now),
    },
  };
}

interface KnownOutside {
  readonly classification: Classification;
  readonly findings: FindingCounts;
  readonly provider: string;
  readonly now: Date;
}

/** What the classification of a run rests on, and what comes of it. */
export function classificationOf({
  run,
  definition,
  tokenizer,
}: Pick<PolicySubject, 'run' | 'definition' | 'tokenizer'>): {
  readonly findings: FindingCounts;
  readonly fact: NonNullable<StateReview['classification']>;
} {
  const findings = countKinds(tokenizer.entityCounts());
  const declared = definition.classification;
  const found = classify({ findings, declared, attributes: run.attributes });
  const settled = higher(run.classification, found);
  return {
    findings,
    fact: { settled, before: run.classification, declared: declared ?? 'public', found },
  };
}

/** How a run is classified when it is made. */
export function classificationAtStart(
  { classification: declared }: WorkflowDefinition,
  attributes: Run['attributes'],
  tokenizer: Tokenizer,
): Classification {
  return classify({ findings: countKinds(tokenizer.entityCounts()), declared, attributes });
}

/** Approvals of exactly what is there now. */
function approvalsOf({ approval, oversight }: PolicyQuestion['review']): number {
  if (typeof approval !== 'object' || typeof oversight !== 'object') return 0;
  return approval.approvedHash === approval.actualHash ? oversight.approvals : 0;
}
