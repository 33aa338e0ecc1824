import { type ReportDocument, type ReportSection, tierStatement } from '../document/report-document.js';
import type { ReportStamp } from '../report-issuer.service.js';
import type { PeriodReport } from './period-report.js';

/** What people read of a period's report. */
export function periodReportDocument(report: ReportStamp & PeriodReport): ReportDocument {
  const { period, tenantId, tier, createdAt } = report;
  return {
    title: 'Compliance report of a period',
    subject: `Tenant ${tenantId}, ${period.from} to ${period.to}`,
    status: statusOf(report),
    tier: tierStatement(tier),
    createdAt: new Date(createdAt),
    sections: [
      runs(report),
      gates(report),
      oversight(report),
      models(report),
      personalData(report),
      populations(report),
      log(report),
    ],
  };
}

function statusOf({ events, rules, runs: { started, failed } }: PeriodReport): ReportDocument['status'] {
  const runsStarted = started.reduce((sum, each) => sum + each.runs, 0);
  const denied = rules.reduce((sum, rule) => sum + rule.denied, 0);
  const text = `${events} events, ${runsStarted} runs started, ${failed} failed, ${denied} denials by rules.`;
  return { tone: denied > 0 || failed > 0 ? 'warning' : 'good', text };
}

function runs({ runs: figures, deliveries, runsRemoved }: PeriodReport): ReportSection {
  return {
    title: 'Runs',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Completed', String(figures.completed)],
          ['Rejected', String(figures.rejected)],
          ['Cancelled', String(figures.cancelled)],
          ['Failed', String(figures.failed)],
          ['Retried, forked', `${figures.retried}, ${figures.forked}`],
          ['Starts denied', String(figures.startsDenied)],
          ['Removed by retention', String(runsRemoved)],
        ],
      },
      {
        kind: 'table',
        caption: 'Started',
        columns: [{ title: 'Definition', share: 2 }, { title: 'Version' }, { title: 'Runs', as: 'number' }],
        rows: figures.started.map(({ definition, version, runs: count }) => [
          definition,
          version,
          String(count),
        ]),
        empty: 'no run was started',
      },
      {
        kind: 'table',
        caption: 'Started in the period and still stored',
        columns: [
          { title: 'Definition', share: 2 },
          { title: 'Status', share: 1.5 },
          { title: 'Runs', as: 'number' },
        ],
        rows: figures.stored.map(({ definition, status, runs: count }) => [
          definition,
          status,
          String(count),
        ]),
        empty: 'none',
      },
      {
        kind: 'table',
        caption: 'Deliveries settled',
        columns: [{ title: 'Channel' }, { title: 'Outcome' }, { title: 'Messages', as: 'number' }],
        rows: deliveries.map(({ channel, status, messages }) => [channel, status, String(messages)]),
        empty: 'nothing was delivered',
      },
    ],
  };
}

function gates({ gates: decisions, rules }: PeriodReport): ReportSection {
  return {
    title: 'Gates',
    blocks: [
      {
        kind: 'table',
        caption: 'Transitions by gate',
        columns: [
          { title: 'Entering', share: 2 },
          { title: 'Allowed', as: 'number' },
          { title: 'Denied', as: 'number' },
        ],
        rows: decisions.map(({ entering, allowed, denied }) => [entering, String(allowed), String(denied)]),
        empty: 'there are no gates',
      },
      {
        kind: 'table',
        caption: 'Transitions by gate and rule',
        columns: [
          { title: 'Entering', share: 1.7 },
          { title: 'Rule', share: 1.6 },
          { title: 'Tier' },
          { title: 'Passed', as: 'number' },
          { title: 'Denied', as: 'number' },
        ],
        rows: rules.map(({ entering, rule, tier, passed, denied }) => [
          entering,
          rule,
          tier,
          String(passed),
          String(denied),
        ]),
        empty: 'there are no rules',
      },
    ],
  };
}

function oversight({ approvals }: PeriodReport): ReportSection {
  return {
    title: 'Human oversight',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Approvals requested', String(approvals.requested)],
          ['Decisions', String(approvals.decisions)],
          ['Approved, rejected', `${approvals.approve}, ${approvals.reject}`],
          ['Changes asked for, edited', `${approvals.requestChanges}, ${approvals.edited}`],
          ['Overridden', String(approvals.overridden)],
          ['Under four eyes', String(approvals.underFourEyes)],
          ['By the requester', String(approvals.byRequester)],
          ['Refused decisions', String(approvals.refused)],
          ['Expired', String(approvals.expired)],
          [
            'Reminded, escalated, handed over',
            `${approvals.reminded}, ${approvals.escalated}, ${approvals.delegated}`,
          ],
          ['Time to decide', timeOf(approvals.secondsToDecide)],
        ],
      },
    ],
  };
}

function timeOf({ median, p95 }: PeriodReport['approvals']['secondsToDecide']): string {
  return median === null ? 'nobody decided' : `median ${median} s, P95 ${p95} s`;
}

function models({ models: uses }: PeriodReport): ReportSection {
  return {
    title: 'Models',
    blocks: [
      {
        kind: 'table',
        caption: 'Steps by model',
        columns: [
          { title: 'Provider, model', share: 2.2 },
          { title: 'Steps', as: 'number' },
          { title: 'Calls', as: 'number' },
          { title: 'Fallback', as: 'number' },
          { title: 'Breaker open', as: 'number' },
          { title: 'Failed', as: 'number' },
          { title: 'Tokens in / out', as: 'number', share: 1.8 },
          { title: 'Cost, USD', as: 'number', share: 1.3 },
        ],
        rows: uses.map((use) => [
          `${use.provider}, ${use.model}`,
          String(use.steps),
          String(use.calls),
          String(use.fallbacks),
          String(use.breakerOpen),
          String(use.failed),
          `${use.inputTokens} / ${use.outputTokens}`,
          use.costUsd,
        ]),
        empty: 'no model was used',
      },
    ],
  };
}

function personalData({ findings, consents }: PeriodReport): ReportSection {
  return {
    title: 'Personal data',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Consents granted', String(consents.granted)],
          ['Consents withdrawn', String(consents.withdrawn)],
        ],
      },
      {
        kind: 'table',
        caption: 'Found and replaced by tokens, by the day the run was started',
        columns: [{ title: 'Entity' }, { title: 'Tokens', as: 'number' }],
        rows: findings.map(({ entity, tokens }) => [entity, String(tokens)]),
        empty: 'no personal data was found',
      },
    ],
  };
}

function populations(report: PeriodReport): ReportSection {
  return {
    title: 'Populations and samples',
    blocks: [
      {
        kind: 'text',
        text: 'Every event of the period, by type and outcome. The samples of each day and kind are the events with the smallest leaf hash: nobody chose them.',
      },
      {
        kind: 'table',
        caption: 'Events of the audit trail',
        columns: [
          { title: 'Type', share: 1.8 },
          { title: 'Outcome' },
          { title: 'Events', as: 'number' },
          { title: 'Samples', as: 'event', share: 3 },
        ],
        rows: report.populations.map(({ type, outcome, events, samples }) => [
          type,
          outcome,
          String(events),
          samples.slice(0, 2).join(' '),
        ]),
        empty: 'nothing happened',
      },
    ],
  };
}

function log({ log: section }: PeriodReport): ReportSection {
  const title = 'Audit log';
  if (!section) return { title, blocks: [{ kind: 'text', text: 'Nothing is sealed yet.' }] };
  const { first, last, coversEnd, consistency, selfCheck } = section;
  return {
    title,
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Log', last.origin],
          ['First checkpoint', `size ${first.size}, ${first.createdAt}, root ${first.rootHash}`],
          ['Last checkpoint', `size ${last.size}, ${last.createdAt}, root ${last.rootHash}`],
          [
            'The last continues the first',
            consistency
              ? `proven by ${consistency.proof.length} hashes, which stand in the JSON form`
              : 'not to be proven: the log was opened anew in between',
          ],
          [
            'End of the period',
            coversEnd ? 'covered by the last checkpoint' : 'not covered by a checkpoint yet',
          ],
          [
            'Last check of itself',
            selfCheck
              ? `${selfCheck.checkedAt}: ${selfCheck.size} records in order, ${selfCheck.faults.length} faults`
              : 'not made yet',
          ],
        ],
      },
    ],
  };
}
