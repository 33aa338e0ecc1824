import type { Phase } from '../state/phases.js';
import { type Classification, type FindingCounts, rankOf } from '../state/classification.js';
import type { StatefulAuthorizationCall } from './cedar.js';
import type { PolicySettings } from './policy-settings.js';

/** What is asked for. */
export type PolicyAction =
  | 'enterInitialization'
  | 'enterBatchDiscovery'
  | 'enterStrategyAnalysis'
  | 'enterGeneration'
  | 'enterReview'
  | 'enterDelivery'
  | 'complete'
  | 'approve'
  | 'deliver';

const ENTERING: Readonly<Record<Phase | 'COMPLETED', PolicyAction>> = {
  INITIALIZATION: 'enterInitialization',
  BATCH_DISCOVERY: 'enterBatchDiscovery',
  STRATEGY_ANALYSIS: 'enterStrategyAnalysis',
  GENERATION: 'enterGeneration',
  REVIEW: 'enterReview',
  DELIVERY: 'enterDelivery',
  COMPLETED: 'complete',
};

/** The action of a transition. */
export function actionOf(to: Phase | 'COMPLETED'): PolicyAction {
  return ENTERING[to];
}

/**
 * One question to the policies, as it is kept with the decision: it can be asked again, of other policies. It holds ids,
 * names of the product, counts and attributes; no personal data.
 */
export interface PolicyRequest {
  readonly action: PolicyAction;
  readonly principal: { readonly id: string; readonly roles: readonly string[] };
  readonly run: {
    readonly id: string;
    readonly tenantId: string;
    readonly definition: string;
    readonly definitionVersion: number;
    /** Empty before the start. */
    readonly phase: string;
    readonly ownerId: string;
    readonly sessionId: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly degraded: boolean;
    /** Decimal text with four places. */
    readonly costUsd: string;
    readonly tokens: number;
    readonly round: number;
  };
  readonly known: {
    readonly classification: Classification;
    readonly findings: FindingCounts;
    readonly consent?: { readonly covered: boolean; readonly missing: number };
    readonly approval: {
      readonly status: string;
      readonly required: number;
      readonly given: number;
      readonly fourEyes: boolean;
    };
    readonly recipients: number;
    readonly delivers: boolean;
    readonly channel?: string;
    readonly provider: string;
    readonly time: { readonly hour: number; readonly weekday: number };
  };
}

/** UTC, as policies see the time; weekday 1 is Monday. */
export function timeOf(now: Date): PolicyRequest['known']['time'] {
  return { hour: now.getUTCHours(), weekday: now.getUTCDay() || 7 };
}

const NO_FINDINGS = {
  total: 0,
  person: 0,
  email: 0,
  phone: 0,
  address: 0,
  dateOfBirth: 0,
  nationalId: 0,
  bankAccount: 0,
  creditCard: 0,
  ipAddress: 0,
  secret: 0,
  other: 0,
};

const PRINCIPAL = 'Countersign::Principal';
const RUN = 'Countersign::Run';
const ACTION = 'Countersign::Action';
const TRANSITIONS: ReadonlySet<string> = new Set(Object.values(ENTERING));
const GROUP = [{ type: ACTION, id: 'transition' }];

type PolicyCall = Pick<
  StatefulAuthorizationCall,
  'principal' | 'action' | 'resource' | 'context' | 'entities'
>;

/** The request in the form of the schema. */
export function callOf(
  { action, principal, run, known }: PolicyRequest,
  settings: PolicySettings,
): PolicyCall {
  const { classification, findings, time, approval, consent, ...rest } = known;
  const uid = { type: PRINCIPAL, id: principal.id };
  const resource = { type: RUN, id: run.id };
  const owner = { type: PRINCIPAL, id: run.ownerId };
  const { attributes, costUsd, ownerId: _owner, id: _id, tenantId, sessionId, ...state } = run;
  const asked = { type: ACTION, id: action };
  return {
    principal: uid,
    action: asked,
    resource,
    context: {
      ...rest,
      classification,
      classificationRank: rankOf(classification),
      findings: { ...NO_FINDINGS, ...findings, total: sum(Object.values(findings)) },
      ...(consent && { consent: { ...consent } }),
      approval: { ...approval },
      time: { ...time },
      settings: { ...settings },
    },
    entities: [
      { uid, attrs: { tenant: tenantId, roles: [...principal.roles] }, parents: [] },
      {
        uid: resource,
        attrs: {
          ...state,
          tenant: tenantId,
          session: sessionId,
          owner: { __entity: owner },
          costUsd: { __extn: { fn: 'decimal', arg: costUsd } },
        },
        parents: [],
        tags: { ...attributes },
      },
      { uid: asked, attrs: {}, parents: TRANSITIONS.has(action) ? GROUP : [] },
    ],
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
