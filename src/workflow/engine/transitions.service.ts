import { Inject, Injectable } from '@nestjs/common';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import type { PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import { ComplianceGate } from '../../compliance/gate/compliance-gate.service.js';
import { type EndStatus, PHASES, type Phase } from '../../compliance/state/phases.js';
import { denialDetail } from '../../compliance/gate/denial-detail.js';
import type { Violation } from '../../compliance/state/state-rule.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { WorkflowDefinition } from '../definitions/definition.schema.js';
import { isAgentStep } from '../definitions/step.schema.js';
import { termsOf } from '../review/approval-terms.js';
import { wakesOf } from '../review/approval-times.js';
import { bindingHash } from '../review/binding.js';
import { withDecision } from '../policies/policy-record.js';
import { RunPolicies } from '../policies/run-policies.service.js';
import { contentOf } from '../runs/content.js';
import { END_EVENTS, type Run } from '../runs/run.js';
import { changeOf, joinChanges, type RunChange } from '../runs/run-change.js';
import { EMPTY_CONTEXT, readContext, withError } from '../runs/run-context.js';
import { RunWriter } from '../runs/run-writer.service.js';
import type { LoadedRun } from './loaded-run.js';
import { makeArtifact } from './make-artifact.js';
import { countResidual, TransitionReviews } from './transition-reviews.service.js';

const SYSTEM = { type: 'system', ref: 'engine' } as const;

/** Moves a run from phase to phase and to its end: each move passes the gate, and a denial is a result too. */
@Injectable()
export class Transitions {
  constructor(
    private readonly gate: ComplianceGate,
    private readonly reviews: TransitionReviews,
    private readonly policies: RunPolicies,
    private readonly writer: RunWriter,
    @InjectConfig('workflow') private readonly config: AppConfig['workflow'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Enters a phase, if the gate allows it; else the run fails with the violations recorded. */
  async enter(loaded: LoadedRun, run: Run, to: Phase, since: Date): Promise<RunChange> {
    const now = this.clock.now();
    const goesBack = PHASES.indexOf(to) < PHASES.indexOf(run.phase);
    const change = changeOf({
      status: 'RUNNING',
      phase: to,
      round: goesBack ? run.round + 1 : run.round,
      history: [
        {
          kind: 'transition',
          phase: to,
          status: 'completed',
          from: run.phase,
          to,
          startedAt: since,
          endedAt: now,
        },
      ],
      events: [{ type: 'phase.entered', data: { phase: to, from: run.phase } }],
      facts: [
        { type: 'workflow.transition', outcome: 'success', actor: SYSTEM, change: { from: run.phase, to } },
      ],
      jobs: to === 'DELIVERY' && deliversAtOnce(loaded.definition) ? [{ name: 'delivery.deliver' }] : [],
    });
    return this.gated(loaded, run, to, change);
  }

  /** Completes a run, if the gate allows it. */
  async complete(loaded: LoadedRun, run: Run, since: Date): Promise<RunChange> {
    const now = this.clock.now();
    const signal = loaded.deliverySignal();
    const failedItems = loaded.failedItems(run);
    const output = {
      ...signal?.payload,
      artifact: loaded.artifact?.contentHash.toString('hex') ?? null,
      ...(failedItems.length > 0 && { failedItems }),
    };
    const content = contentOf(output);
    const change = changeOf({
      outputHash: content.hash,
      contents: [content],
      consumedSignals: signal ? [signal.id] : [],
      history: [
        {
          kind: 'transition',
          phase: run.phase,
          status: 'completed',
          from: run.phase,
          to: 'COMPLETED',
          startedAt: since,
          endedAt: now,
        },
      ],
      facts: [
        {
          type: 'workflow.transition',
          outcome: 'success',
          actor: SYSTEM,
          change: { from: run.phase, to: 'COMPLETED' },
        },
      ],
    });
    return this.gated(loaded, run, 'COMPLETED', joinChanges(change, endOf('COMPLETED', SYSTEM)));
  }

  /** Makes the phase's artefact. */
  makeArtifact(loaded: LoadedRun, run: Run): RunChange {
    const { content, artifact } = makeArtifact(loaded, run);
    loaded.artifact = {
      id: artifact.id,
      version: artifact.version,
      contentHash: content.hash,
      content: content.value,
    };
    return changeOf({ contents: [content], artifacts: [artifact] });
  }

  /** Asks people to approve what they are shown; the request expires. */
  requestApproval(loaded: LoadedRun, run: Run): RunChange {
    const now = this.clock.now();
    const { artifact, definition } = loaded;
    const wanted = definition.phases.REVIEW.approval;
    if (!artifact || !wanted) return this.fail(run, 'INTERNAL', 'There is nothing to approve.');
    const terms = termsOf(wanted, this.config, now);
    const approval = {
      id: newId(),
      artifactId: artifact.id,
      bindingHash: bindingHash(definition, loaded.input, artifact.content),
      requesterId: run.ownerId,
      round: run.round,
      ...terms,
    };
    const asked = {
      ...approval,
      createdAt: now,
      reminded: 0,
      escalatedAt: null,
      delegations: [],
      decisions: [],
    };
    loaded.approval = { ...asked, status: 'pending' };
    const contentHash = artifact.contentHash.toString('hex');
    return changeOf({
      status: 'WAITING_FOR_APPROVAL',
      approvals: [approval],
      history: [
        {
          kind: 'approval',
          phase: 'REVIEW',
          status: 'requested',
          detail: { approvalId: approval.id },
          startedAt: now,
          endedAt: now,
        },
      ],
      events: [
        {
          type: 'approval.requested',
          data: {
            approvalId: approval.id,
            artifactId: artifact.id,
            contentHash,
            requiredApprovals: terms.requiredApprovals,
            fourEyes: terms.fourEyes,
            roles: terms.roles,
            expiresAt: terms.expiresAt.toISOString(),
          },
        },
      ],
      facts: [
        {
          type: 'approval.requested',
          outcome: 'success',
          actor: SYSTEM,
          targets: [
            { type: 'approval', ref: approval.id },
            { type: 'artifact', ref: artifact.id },
          ],
          oversight: { decision: 'requested', shown: approval.bindingHash.toString('hex') },
        },
      ],
      // Wake the run when nobody has decided in time; found by the approval's id when somebody has.
      jobs: wakesOf(asked),
    });
  }

  /** An approval nobody gave in time counts as rejected. */
  expireApproval(loaded: LoadedRun): RunChange {
    const approvalId = loaded.approval?.id ?? '';
    return joinChanges(
      changeOf({
        closedApprovals: [{ id: approvalId, status: 'expired' }],
        facts: [
          {
            type: 'approval.expired',
            outcome: 'failure',
            actor: SYSTEM,
            targets: [{ type: 'approval', ref: approvalId }],
          },
        ],
      }),
      endOf('REJECTED', SYSTEM, { reason: 'approval_expired' }),
    );
  }

  /** Ends a run that cannot go on. */
  fail(run: Run, code: string, message: string, agent?: string): RunChange {
    const now = this.clock.now();
    const context = withError(readContext(run.context) ?? EMPTY_CONTEXT, code, message, now);
    return joinChanges(
      changeOf({
        context,
        history: agent
          ? [
              {
                kind: 'step',
                phase: run.phase,
                agent,
                status: 'failed',
                detail: { code, message },
                startedAt: now,
                endedAt: now,
              },
            ]
          : [],
        events: agent ? [{ type: 'agent.failed', data: { agent, phase: run.phase, code } }] : [],
      }),
      endOf('FAILED', SYSTEM, { code }, code),
    );
  }

  private async gated(
    loaded: LoadedRun,
    run: Run,
    to: Phase | 'COMPLETED',
    change: RunChange,
  ): Promise<RunChange> {
    const facts = await this.reviews.gather(loaded, run, to);
    const { review, decision } = await this.policies.review({ ...loaded.policySubject, run }, to, facts);
    const classification = review.classification?.settled;
    const decided = { ...withDecision(change, decision), classification };
    let audit: PreparedAudit | undefined;
    const verdict = this.gate.decide({
      runId: run.id,
      review,
      record: () => {
        audit = this.writer.record(run, decided);
      },
      scan: () => countResidual(loaded, run, to),
    });
    if (verdict.allowed) return { ...decided, audit };
    return { ...withDecision(this.deny(run, to, verdict.violations), decision), classification };
  }

  /** Ends a run whose transition a rule forbids; the violations are recorded. */
  deny(run: Run, to: string, violations: readonly Violation[]): RunChange {
    const now = this.clock.now();
    const [first] = violations;
    const message = first ? `${first.rule}: ${first.message}` : 'denied';
    const denial: RunChange = changeOf({
      context: withError(readContext(run.context) ?? EMPTY_CONTEXT, 'TRANSITION_DENIED', message, now),
      history: [
        {
          kind: 'control',
          phase: run.phase,
          status: 'denied',
          from: run.phase,
          to,
          detail: { violations },
          startedAt: now,
          endedAt: now,
        },
      ],
      events: [{ type: 'transition.denied', data: { from: run.phase, to, violations } }],
      facts: [
        {
          type: 'workflow.transition_denied',
          outcome: 'denied',
          actor: SYSTEM,
          code: first?.rule,
          change: { from: run.phase, to },
          detail: denialDetail(violations),
        },
      ],
    });
    return joinChanges(denial, endOf('FAILED', SYSTEM, { code: 'TRANSITION_DENIED' }, 'TRANSITION_DENIED'));
  }
}

/** Messages wait for what DELIVERY waits for; the last of its waits lets them go. */
function deliversAtOnce({ phases: { DELIVERY } }: WorkflowDefinition): boolean {
  return DELIVERY.delivery !== undefined && DELIVERY.agents.every(isAgentStep);
}

/** The change that ends a run. */
export function endOf(
  status: EndStatus,
  actor: AuditFact['actor'],
  data: Readonly<Record<string, unknown>> = {},
  code?: string,
): RunChange {
  const outcome = status === 'COMPLETED' ? 'success' : status === 'FAILED' ? 'failure' : 'success';
  return changeOf({
    status,
    events: [{ type: END_EVENTS[status], data }],
    facts: [{ type: END_EVENTS[status], outcome, actor, code }],
  });
}
