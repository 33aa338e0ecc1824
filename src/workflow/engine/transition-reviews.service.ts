import { Injectable } from '@nestjs/common';
import { ConsentService } from '../../compliance/consent/consent.service.js';
import type { Phase } from '../../compliance/state/phases.js';
import { consentRule } from '../../compliance/state/rules/consent.rule.js';
import type { StateReview } from '../../compliance/state/state-rule.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { agentStepsOf } from '../definitions/definition-checks.js';
import type { PhasePlan } from '../definitions/definition.schema.js';
import { isAgentStep, stepNameOf } from '../definitions/step.schema.js';
import { bindingHash } from '../review/binding.js';
import type { Run } from '../runs/run.js';
import { readContext } from '../runs/run-context.js';
import type { StepView } from '../workflow.states.js';
import { countMisaddressed } from './addressed-tokens.js';
import type { LoadedRun } from './loaded-run.js';

/** Gathers what the rules look at before a transition. */
@Injectable()
export class TransitionReviews {
  constructor(private readonly consents: ConsentService) {}

  /** Only consent can have changed outside the run, so only it is read again, where it matters. */
  async gather(loaded: LoadedRun, run: Run, to: Phase | 'COMPLETED'): Promise<StateReview> {
    const { definition, artifact } = loaded;
    const view = loaded.view(run);
    const ownerId = loaded.sessionOwnerId;
    const consent = await this.consentFor(loaded, run, to);
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
      approval: approvalOf(loaded),
      delivery: deliveryOf(loaded),
    };
  }

  private consentFor(loaded: LoadedRun, run: Run, to: Phase | 'COMPLETED') {
    if (!consentRule.entering.includes(to)) return undefined;
    const { purpose } = loaded.definition;
    return this.consents.covers(run.tenantId, run.sessionId, purpose, loaded.recipientRefs());
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
    ...loaded.steps.itemCounts(loaded.keyOf(fanOut, run, 'GENERATION')),
  };
}

/** What was approved and what is there now. Nobody has to approve what nobody reviews and nobody receives. */
function approvalOf({ approval, artifact, definition, input }: LoadedRun): StateReview['approval'] {
  if (approval && artifact) {
    return {
      status: approval.status,
      approvedHash: approval.bindingHash.toString('hex'),
      actualHash: bindingHash(definition, input, artifact.content).toString('hex'),
    };
  }
  const { REVIEW, DELIVERY } = definition.phases;
  return REVIEW.approval || DELIVERY.delivery ? undefined : 'not_needed';
}

/** Nothing to deliver is settled; a delivery that has not reported is not. */
function deliveryOf(loaded: LoadedRun): StateReview['delivery'] {
  if (!loaded.definition.phases.DELIVERY.delivery) return { total: 0, settled: 0 };
  const { total, settled } = loaded.deliverySignal()?.payload ?? {};
  return typeof total === 'number' && typeof settled === 'number' ? { total, settled } : undefined;
}
