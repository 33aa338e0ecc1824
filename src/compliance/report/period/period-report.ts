import { PHASES } from '../../state/phases.js';
import type { RuleTier } from '../../state/state-rule.js';
import { ALL_RULES } from '../../state/state-validator.js';
import type { EVENT_LINKS } from '../event-links.js';
import { addUsd, type EventGroup, type FigureSum } from './event-group.js';
import type { PeriodLogSection } from './period-log.service.js';
import { quantileOf } from './quantile.js';

/** What the trail says of a tenant in a period. Counts and ids; no personal data. */
export interface PeriodReport {
  readonly kind: 'period';
  readonly period: { readonly from: string; readonly to: string };
  /** Events of the trail in the period. */
  readonly events: number;
  readonly runs: {
    readonly started: readonly {
      readonly definition: string;
      readonly version: string;
      readonly runs: number;
    }[];
    readonly startsDenied: number;
    readonly completed: number;
    readonly rejected: number;
    readonly cancelled: number;
    readonly failed: number;
    readonly retried: number;
    readonly forked: number;
    /** Runs started in the period that are still stored. */
    readonly stored: readonly {
      readonly definition: string;
      readonly status: string;
      readonly runs: number;
    }[];
  };
  readonly gates: readonly GateFigures[];
  readonly rules: readonly RuleFigures[];
  readonly approvals: ApprovalFigures;
  readonly models: readonly ModelFigures[];
  readonly deliveries: readonly {
    readonly channel: string;
    readonly status: string;
    readonly messages: number;
  }[];
  readonly findings: readonly { readonly entity: string; readonly tokens: number }[];
  readonly consents: { readonly granted: number; readonly withdrawn: number };
  readonly runsRemoved: number;
  readonly populations: readonly Population[];
  /** Null while nothing is sealed. */
  readonly log: PeriodLogSection | null;
  /** How each sample is shown and proven. */
  readonly links: typeof EVENT_LINKS;
}

/** What a gate has said. */
export interface GateFigures {
  readonly entering: string;
  readonly allowed: number;
  readonly denied: number;
}

/** One rule at one gate: how often it was passed and how often it denied. */
export interface RuleFigures {
  readonly entering: string;
  readonly rule: string;
  readonly tier: RuleTier;
  readonly passed: number;
  readonly denied: number;
}

export interface ApprovalFigures {
  readonly requested: number;
  readonly decisions: number;
  readonly approve: number;
  readonly reject: number;
  readonly requestChanges: number;
  /** Approved after the reviewer had changed the artefact. */
  readonly edited: number;
  /** Decisions that did not take what was made as it was: rejections, changes asked for, edits. */
  readonly overridden: number;
  readonly underFourEyes: number;
  /** Decisions by whoever had started the run. */
  readonly byRequester: number;
  readonly refused: number;
  readonly expired: number;
  readonly reminded: number;
  readonly escalated: number;
  readonly delegated: number;
  /** To two significant digits; null when nobody decided. */
  readonly secondsToDecide: { readonly median: number | null; readonly p95: number | null };
}

export interface ModelFigures {
  readonly provider: string;
  readonly model: string;
  readonly steps: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: string;
  /** Steps that a fallback answered. */
  readonly fallbacks: number;
  /** Steps that an open breaker kept from the model. */
  readonly breakerOpen: number;
  readonly failed: number;
}

/** All events of a type and outcome, with samples that anybody can find again. */
export interface Population {
  readonly type: string;
  readonly outcome: string;
  readonly events: number;
  /** Ids of events: of each day and group the one with the smallest leaf hash, of those the five smallest. */
  readonly samples: readonly string[];
}

export type PeriodFacts = Omit<PeriodReport, 'kind' | 'period' | 'runs' | 'log' | 'links'> & {
  readonly runs: Omit<PeriodReport['runs'], 'stored'>;
};

/** Reads a report's figures from counted events. */
export function periodFactsOf(sum: FigureSum): PeriodFacts {
  const { events, groups, findings } = sum.total;
  const of = (type: string) => groups.filter((group) => group.type === type);
  const count = (type: string) => eventsIn(of(type));
  const passed = of('workflow.transition');
  const denied = [...of('workflow.transition_denied'), ...of('workflow.start_denied')];
  return {
    events,
    runs: {
      started: tally(of('workflow.started'), ([definition, version]) => [definition, version]).map(
        ([definition, version, runs]) => ({ definition, version, runs }),
      ),
      startsDenied: count('workflow.start_denied'),
      completed: count('workflow.completed'),
      rejected: count('workflow.rejected'),
      cancelled: count('workflow.cancelled'),
      failed: count('workflow.failed'),
      retried: count('workflow.retried'),
      forked: count('workflow.forked'),
    },
    gates: gatesOf(passed, denied),
    rules: rulesOf(passed, denied),
    approvals: approvalsOf(of('approval.decided'), count),
    models: modelsOf(groups),
    deliveries: tally(of('delivery.settled'), ([channel, status]) => [channel, status]).map(
      ([channel, status, messages]) => ({ channel, status, messages }),
    ),
    findings: Object.entries(findings).map(([entity, tokens]) => ({ entity, tokens })),
    consents: { granted: sumOf(groups, 'granted'), withdrawn: sumOf(groups, 'withdrawn') },
    runsRemoved: sumOf(groups, 'removedRuns'),
    populations: tally(groups, (_, { type, outcome }) => [type, outcome]).map(([type, outcome, counted]) => ({
      type,
      outcome,
      events: counted,
      samples: sum.samplesOf(type, outcome),
    })),
  };
}

function gatesOf(passed: readonly EventGroup[], denied: readonly EventGroup[]): GateFigures[] {
  return [...PHASES, 'COMPLETED' as const].map((entering) => ({
    entering,
    allowed: eventsIn(passed.filter(({ key: [to] }) => to === entering)),
    denied: eventsIn(denied.filter(({ key: [to] }) => to === entering)),
  }));
}

/** A denial may name several rules; each of them has denied it. */
function rulesOf(passed: readonly EventGroup[], denied: readonly EventGroup[]): RuleFigures[] {
  return [...PHASES, 'COMPLETED' as const].flatMap((entering) => {
    const entered = eventsIn(passed.filter(({ key: [to] }) => to === entering));
    const denials = denied.filter(({ key: [to] }) => to === entering);
    const denying = [...new Set(denials.flatMap(({ key }) => rulesIn(key)))];
    const guards = ALL_RULES.filter((rule) => rule.entering.includes(entering));
    const others = denying.filter((rule) => !guards.some(({ id }) => id === rule));
    return [
      ...guards.map(({ id, tier }) => ({ id, tier })),
      ...others.map((id) => ({ id, tier: 'compliance' as const })),
    ].map(({ id, tier }) => ({
      entering,
      rule: id,
      tier,
      passed: entered,
      denied: eventsIn(denials.filter(({ key }) => rulesIn(key).includes(id))),
    }));
  });
}

function rulesIn([, violations]: EventGroup['key']): string[] {
  return violations?.split(' ').filter((rule) => rule !== '') ?? [];
}

function approvalsOf(decided: readonly EventGroup[], count: (type: string) => number): ApprovalFigures {
  const where = (test: (key: EventGroup['key']) => boolean) =>
    eventsIn(decided.filter(({ key }) => test(key)));
  const seconds = decided.flatMap(({ key, events }) =>
    key[4] == null ? [] : [{ value: Number(key[4]), count: events }],
  );
  return {
    requested: count('approval.requested'),
    decisions: eventsIn(decided),
    approve: where(([decision]) => decision === 'approve'),
    reject: where(([decision]) => decision === 'reject'),
    requestChanges: where(([decision]) => decision === 'request_changes'),
    edited: where(([, edited]) => edited === 'true'),
    overridden: where(([decision, edited]) => decision !== 'approve' || edited === 'true'),
    underFourEyes: where(([, , fourEyes]) => fourEyes === 'true'),
    byRequester: where(([, , , byRequester]) => byRequester === 'true'),
    refused: count('approval.denied'),
    expired: count('approval.expired'),
    reminded: count('approval.reminded'),
    escalated: count('approval.escalated'),
    delegated: count('approval.delegated'),
    secondsToDecide: { median: quantileOf(seconds, 0.5), p95: quantileOf(seconds, 0.95) },
  };
}

const STEP_TYPES: ReadonlySet<string> = new Set(['workflow.step_completed', 'workflow.step_failed']);

function modelsOf(groups: readonly EventGroup[]): ModelFigures[] {
  const models = new Map<string, ModelFigures>();
  for (const group of groups) {
    const [provider, model, degraded, code] = group.key;
    if (!STEP_TYPES.has(group.type) || provider == null) continue;
    const name = `${provider} ${model}`;
    const before = models.get(name);
    models.set(name, {
      provider,
      model: model ?? '',
      steps: (before?.steps ?? 0) + group.events,
      calls: (before?.calls ?? 0) + group.calls,
      inputTokens: (before?.inputTokens ?? 0) + group.inputTokens,
      outputTokens: (before?.outputTokens ?? 0) + group.outputTokens,
      costUsd: addUsd(before?.costUsd ?? '0', group.costUsd),
      fallbacks: (before?.fallbacks ?? 0) + (degraded === 'true' ? group.events : 0),
      breakerOpen: (before?.breakerOpen ?? 0) + (code === 'BREAKER_OPEN' ? group.events : 0),
      failed: (before?.failed ?? 0) + (group.type === 'workflow.step_failed' ? group.events : 0),
    });
  }
  return [...models.entries()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, figures]) => figures);
}

/** Events by what names them, in the order of the names; the count stands last. */
function tally(
  groups: readonly EventGroup[],
  namesOf: (
    key: EventGroup['key'],
    group: EventGroup,
  ) => readonly [string | null | undefined, string | null | undefined],
): [string, string, number][] {
  const counts = new Map<string, [string, string, number]>();
  for (const group of groups) {
    const [first, second] = namesOf(group.key, group);
    const name = JSON.stringify([first ?? '', second ?? '']);
    const before = counts.get(name)?.[2] ?? 0;
    counts.set(name, [first ?? '', second ?? '', before + group.events]);
  }
  return [...counts.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
}

function eventsIn(groups: readonly EventGroup[]): number {
  return groups.reduce((sum, { events }) => sum + events, 0);
}

function sumOf(groups: readonly EventGroup[], member: 'granted' | 'withdrawn' | 'removedRuns'): number {
  return groups.reduce((sum, group) => sum + group[member], 0);
}
