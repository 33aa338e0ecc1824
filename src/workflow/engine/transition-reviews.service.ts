import { Injectable } from '@nestjs/common';
import { AgentRunner } from '../../agents/agent-runner.service.js';
import { RunChains } from '../../compliance/audit/run-chains.service.js';
import { ConsentService } from '../../compliance/consent/consent.service.js';
import { isCount } from '../../compliance/state/fact-forms.js';
import type { Phase } from '../../compliance/state/phases.js';
import { auditCheckpointRule } from '../../compliance/state/rules/audit-checkpoint.rule.js';
import { consentRule } from '../../compliance/state/rules/consent.rule.js';
import { contentCompliantRule } from '../../compliance/state/rules/content-compliant.rule.js';
import { strategyValidRule } from '../../compliance/state/rules/strategy-valid.rule.js';
import type { StateReview } from '../../compliance/state/state-rule.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { agentStepsOf } from '../definitions/definition-checks.js';
import type { PhasePlan } from '../definitions/definition.schema.js';
import { isAgentStep, stepNameOf } from '../definitions/step.schema.js';
import { fillTemplate } from '../definitions/references.js';
import { chainOf, type Run } from '../runs/run.js';
import { readContext } from '../runs/run-context.js';
import type { StepView } from '../workflow.states.js';
import { countMisaddressed } from './addressed-tokens.js';
import { type ArtifactFacts, type DraftReviewer, reviewArtifact } from './artifact-review.js';
import type { LoadedRun } from './loaded-run.js';
import { reviewOversight } from './oversight-review.js';

/** Gathers what the rules look at before a transition. */
@Injectable()
export class TransitionReviews {
  constructor(
    private readonly consents: ConsentService,
    private readonly chains: RunChains,
    private readonly agents: AgentRunner,
  ) {}

  /**
   * Only consent and the stored audit trail can have changed outside the run, so only they are read again, where it
   * matters and both at once.
   */
  async gather(loaded: LoadedRun, run: Run, to: Phase | 'COMPLETED'): Promise<StateReview> {
    const { definition, artifact } = loaded;
    const view = loaded.view(run);
    const ownerId = loaded.sessionOwnerId;
    const [consent, auditChain] = await Promise.all([
      this.consentFor(loaded, run, to),
      this.chainFor(loaded, to),
    ]);
    return {
      from: run.phase,
      to,
      run: { status: run.status, version: run.version, context: readContext(run.context) },
      ownerId: run.ownerId,
      session: ownerId === undefined ? undefined : { ownerId, usable: true },
      consent: consent && { covered: consent.covered, missing: consent.missing, purpose: definition.purpose },
      outputs: outputsOf(definition.phases[run.phase], view.steps),
      items: itemsOf(loaded, run),
      alteredContents: loaded.alteredContents,
      misaddressed: artifact ? countMisaddressed(loaded, artifact.content) : 0,
      auditChain,
      strategy: this.strategyOf(loaded, run, to),
      ...this.artifactOf(loaded, run, to),
      ...reviewOversight(loaded),
      delivery: deliveryOf(loaded),
    };
  }

  private consentFor(loaded: LoadedRun, run: Run, to: Phase | 'COMPLETED') {
    if (!consentRule.entering.includes(to)) return undefined;
    const { purpose } = loaded.definition;
    return this.consents.covers(run.tenantId, run.sessionId, purpose, loaded.remainingRefs());
  }

  /**
   * What the database held when the run was loaded. Before anything leaves it is read again, beside the consent: days
   * may lie between what people were asked and what they have answered.
   */
  private async chainFor(loaded: LoadedRun, to: Phase | 'COMPLETED'): Promise<StateReview['auditChain']> {
    if (!auditCheckpointRule.entering.includes(to)) return undefined;
    if (to === 'DELIVERY' && loaded.stored.version > 0) {
      loaded.auditChain = await this.chains.readNow(chainOf(loaded.stored), loaded.stored.createdAt);
    }
    return loaded.auditChain;
  }

  private strategyOf(loaded: LoadedRun, run: Run, to: Phase | 'COMPLETED'): StateReview['strategy'] {
    if (!strategyValidRule.entering.includes(to)) return undefined;
    const { outputs } = loaded.scope(run);
    const malformed = agentStepsOf(loaded.definition.phases.STRATEGY_ANALYSIS)
      // What a template has made of an answer has the form of the template.
      .filter((step) => step.output === undefined && Object.hasOwn(outputs, stepNameOf(step)))
      .filter((step) => {
        const output = outputs[stepNameOf(step)];
        const answers = step.forEach ? (output as readonly unknown[]) : [output];
        return !answers.every((answer) => this.agents.isAnswer(step.agent, answer));
      });
    return { malformed: malformed.map(stepNameOf) };
  }

  private artifactOf(loaded: LoadedRun, run: Run, to: Phase | 'COMPLETED'): ArtifactFacts {
    if (!contentCompliantRule.entering.includes(to)) return {};
    const scope = loaded.scope(run);
    const reviewers = agentStepsOf(loaded.definition.phases.GENERATION).flatMap(
      (step): DraftReviewer | readonly [] => {
        return this.agents.draftReviewer(step.agent, fillTemplate(step.input, scope)) ?? [];
      },
    );
    const facts = reviewArtifact(loaded, scope.outputs, reviewers);
    // What reviewers have put in with their own hand may go beyond the brief: they have approved it.
    return to === 'REVIEW'
      ? facts
      : { ...facts, drafts: facts.drafts && { ...facts.drafts, againstBrief: 0 } };
  }
}

/** Findings of personal data in what the phase has made and is about to hand on. */
export function countResidual(loaded: LoadedRun, run: Run, to: Phase | 'COMPLETED'): number {
  const { outputs } = loaded.scope(run);
  const steps = agentStepsOf(loaded.definition.phases[run.phase]);
  const made = steps.map((step) => outputs[stepNameOf(step)] ?? null);
  const shown = to === 'REVIEW' || to === 'DELIVERY' ? (loaded.artifact?.content ?? null) : null;
  return loaded.tokenizer.residual([...made, shown] as JsonValue).length;
}

/** What may fail or was not needed any more is not missing. */
function outputsOf(phase: PhasePlan, views: readonly StepView[]): NonNullable<StateReview['outputs']> {
  const steps = phase.agents.map((step, index) => ({
    name: isAgentStep(step) ? stepNameOf(step) : `wait ${index}`,
    state: views[index]?.state,
  }));
  return {
    required: steps
      .filter(({ state }) => state !== 'failed' && state !== 'cancelled')
      .map(({ name }) => name),
    present: steps.filter(({ state }) => state === 'done').map(({ name }) => name),
  };
}

function itemsOf(loaded: LoadedRun, run: Run): NonNullable<StateReview['items']> {
  const fanOut = agentStepsOf(loaded.definition.phases.GENERATION).find((step) => step.forEach);
  if (!fanOut) return { expected: 0, made: 0, failed: 0 };
  return {
    expected: loaded.items(fanOut).length,
    ...loaded.steps.itemCounts(loaded.keyOf(fanOut, run, 'GENERATION'), loaded.leftOutOf(fanOut)),
  };
}

/** Nothing to deliver is settled; a delivery that has not reported is not. */
function deliveryOf(loaded: LoadedRun): StateReview['delivery'] {
  if (!loaded.definition.phases.DELIVERY.delivery) return NOTHING_DELIVERED;
  const { total, settled, sent, failed } = loaded.deliverySignal()?.payload ?? {};
  const emails = (loaded.artifact?.content as { emails?: unknown } | null | undefined)?.emails;
  const approved = Array.isArray(emails) ? emails.length : 0;
  return isCount(total) && isCount(settled) && isCount(sent) && isCount(failed)
    ? { total, settled, sent, failed, approved }
    : undefined;
}

const NOTHING_DELIVERED = { total: 0, settled: 0, sent: 0, failed: 0, approved: 0 };
