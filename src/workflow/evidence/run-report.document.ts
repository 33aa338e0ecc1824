import {
  type ReportBlock,
  type ReportDocument,
  type ReportSection,
  type ReportTable,
  tierStatement,
} from '../../compliance/report/document/report-document.js';
import type { ReportStamp } from '../../compliance/report/report-issuer.service.js';
import { conditionSections } from './conditions/run-conditions.document.js';
import type { GateCheck } from './gate-checks.js';
import type { ApprovalRecord, RunReport } from './run-report.js';

/** What people read of a run's report. */
export function runReportDocument(report: ReportStamp & RunReport): ReportDocument {
  return {
    title: 'Compliance report of a run',
    subject: `Run ${report.run.id}, ${report.run.definition} version ${report.run.version}`,
    status: statusOf(report),
    tier: tierStatement(report.tier),
    createdAt: new Date(report.createdAt),
    sections: [
      identity(report),
      gates(report.gates),
      { title: 'Personal data', blocks: [findings(report), consents(report)] },
      {
        title: 'Human oversight',
        blocks: report.approvals.length ? report.approvals.flatMap(approval) : [noApproval()],
      },
      models(report),
      { title: 'Deliveries', blocks: [deliveries(report)] },
      ...conditionSections(report),
      retention(report),
      audit(report),
      links(report),
    ],
  };
}

function statusOf({ run, gates: checks }: RunReport): ReportDocument['status'] {
  const denied = checks.filter(({ result }) => result === 'denied').map(({ entering }) => entering);
  if (denied.length > 0) {
    return { tone: 'bad', text: `${run.status}. The gate denied entering ${denied.join(', ')}.` };
  }
  if (run.status === 'FAILED')
    return { tone: 'bad', text: `FAILED: ${run.lastErrorCode ?? 'unknown fault'}.` };
  if (run.status !== 'COMPLETED')
    return { tone: 'warning', text: `${run.status}. No transition was denied.` };
  return run.degraded
    ? {
        tone: 'warning',
        text: 'COMPLETED. Every transition passed the gate; a fallback stood in for a model.',
      }
    : { tone: 'good', text: 'COMPLETED. Every transition passed the gate.' };
}

function identity({ tenantId, run }: ReportStamp & RunReport): ReportSection {
  return {
    title: 'The run',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Run', run.id],
          ['Tenant', tenantId],
          [
            'Definition',
            `${run.definition} version ${run.version} (${run.definitionSource ?? 'not stored'})`,
          ],
          ['Digest of the definition', run.definitionDigest ?? 'not stored'],
          ['Status and phase', `${run.status}, ${run.phase}`],
          ['Attempt, round of review', `${run.attempt}, ${run.round}`],
          ...(run.forkedFrom
            ? [['Forked from', `${run.forkedFrom.runId} at ${run.forkedFrom.phase}`] as const]
            : []),
          ['Owner', run.ownerId],
          ['Session', run.sessionId],
          ['Hash of the input', run.inputHash],
          ['Hash of the output', run.outputHash ?? 'none'],
          ['Started', run.createdAt],
          ['Ended', run.completedAt ?? 'not yet'],
        ],
      },
    ],
  };
}

function gates(checks: readonly GateCheck[]): ReportSection {
  return {
    title: 'Gates',
    blocks: [
      {
        kind: 'table',
        caption: 'What the gate said before each phase',
        columns: [
          { title: 'Entering', share: 1.7 },
          { title: 'Result', share: 0.9 },
          { title: 'Rules passed', as: 'number' },
          { title: 'Failed', share: 1.3 },
          { title: 'Newest passage', share: 2.1 },
          { title: 'Audit event', as: 'event', share: 2.1 },
        ],
        rows: checks.map(({ entering, result, rules, passages }) => [
          entering,
          words(result),
          `${rules.filter((rule) => rule.result === 'passed').length} of ${rules.length}`,
          rules
            .filter((rule) => rule.result === 'failed')
            .map(({ rule }) => rule)
            .join(', ') || 'none',
          passages.at(-1)?.occurredAt ?? '',
          passages.at(-1)?.eventId ?? '',
        ]),
        empty: 'no gate is known',
      },
      {
        kind: 'table',
        caption: 'Rules, as the newest passage left them',
        columns: [
          { title: 'Entering', share: 1.4 },
          { title: 'Rule', share: 1.4 },
          { title: 'Tier' },
          { title: 'Result' },
          { title: 'Why', share: 2 },
        ],
        rows: checks
          .filter(({ result }) => result !== 'not_reached')
          .flatMap(({ entering, rules }) =>
            rules.map(({ rule, tier, result, message }) => [
              entering,
              rule,
              tier,
              words(result),
              message ?? '',
            ]),
          ),
        empty: 'no gate was reached',
      },
    ],
  };
}

function findings(report: RunReport): ReportTable {
  return {
    kind: 'table',
    caption: 'Found by the detector and replaced by tokens',
    columns: [{ title: 'Entity' }, { title: 'Tokens', as: 'number' }, { title: 'Subjects', as: 'number' }],
    rows: report.findings.map(({ entity, tokens, subjects }) => [entity, String(tokens), String(subjects)]),
    empty: 'no personal data was found',
  };
}

function consents(report: RunReport): ReportTable {
  return {
    kind: 'table',
    caption: 'Consents of the session as they stand now',
    columns: [
      { title: 'Purpose', share: 1.5 },
      { title: 'Lawful basis', share: 1.5 },
      { title: 'State' },
      { title: 'For' },
      { title: 'Recorded', share: 2 },
    ],
    rows: report.consents.map((consent) => [
      consent.purpose,
      words(consent.lawfulBasis),
      consent.granted ? 'granted' : 'not granted',
      consent.everybody ? 'everybody' : `${consent.subjects} subjects`,
      consent.firstRecordedAt === consent.lastRecordedAt
        ? consent.lastRecordedAt
        : `${consent.firstRecordedAt} to ${consent.lastRecordedAt}`,
    ]),
    empty: 'the session carries none',
  };
}

function noApproval(): ReportBlock {
  return { kind: 'text', text: 'Nobody was asked to approve anything.' };
}

function approval(record: ApprovalRecord): ReportBlock[] {
  return [
    {
      kind: 'facts',
      rows: [
        ['Approval', `${record.id} (round ${record.round}): ${words(record.status)}`],
        ['Bound: artefact, action, recipients', record.bindingHash],
        ['Hash of the artefact', record.contentHash],
        ['Requested by', record.requesterId],
        ['Four eyes', record.fourEyes ? 'required: the requester may not approve' : 'not required'],
        ['Quorum', `${record.requiredApprovals} to approve, ${record.rejectQuorum} to reject`],
        ['Requested, expires', `${record.requestedAt}, ${record.expiresAt}`],
        [
          'Reminders, escalated, handed over',
          `${record.reminders}, ${record.escalatedAt ?? 'no'}, ${record.delegations}`,
        ],
      ],
    },
    {
      kind: 'table',
      caption: `Decisions on ${record.id}`,
      columns: [
        { title: 'Who', as: 'code', share: 1.7 },
        { title: 'Decision', share: 0.9 },
        { title: 'Seconds', as: 'number', share: 0.9 },
        { title: 'When', share: 2.1 },
        { title: 'Hash shown', as: 'code', share: 1.9 },
        { title: 'Audit event', as: 'event', share: 1.7 },
      ],
      rows: record.decisions.map((decision) => [
        decision.actorId,
        words(decision.decision),
        String(decision.secondsToDecide),
        decision.decidedAt,
        decision.shown,
        decision.eventId ?? 'dropped',
      ]),
      empty: 'nobody has decided',
    },
  ];
}

function models({ models: uses, usage }: RunReport): ReportSection {
  return {
    title: 'Models',
    blocks: [
      {
        kind: 'table',
        caption: 'What agents asked of models',
        columns: [
          { title: 'Agent', share: 2 },
          { title: 'Provider, model', share: 1.7 },
          { title: 'Steps', as: 'number' },
          { title: 'Calls', as: 'number' },
          { title: 'Retried', as: 'number' },
          { title: 'Fallback', as: 'number' },
          { title: 'Breaker open', as: 'number' },
          { title: 'Tokens in / out', as: 'number', share: 1.4 },
          { title: 'Cost, USD', as: 'number', share: 1.2 },
        ],
        rows: uses.map((use) => [
          use.agent,
          [use.provider, use.model].filter(Boolean).join(', ') || 'none',
          String(use.completed + use.failed + use.replayed),
          String(use.calls),
          String(use.retried),
          String(use.fallbacks),
          String(use.breakerOpen),
          `${use.inputTokens} / ${use.outputTokens}`,
          use.costUsd,
        ]),
        empty: 'no agent has worked',
      },
      {
        kind: 'facts',
        rows: [
          [
            'In all',
            `${usage.inputTokens} tokens in, ${usage.outputTokens} out, ${usage.costUsd.toFixed(6)} USD`,
          ],
        ],
      },
    ],
  };
}

function deliveries(report: RunReport): ReportTable {
  return {
    kind: 'table',
    caption: 'What became of the messages',
    columns: [
      { title: 'Channel' },
      { title: 'Outcome' },
      { title: 'Messages', as: 'number' },
      { title: 'Attempts', as: 'number' },
      { title: 'First audit events', as: 'event', share: 2.4 },
    ],
    rows: report.deliveries.map(({ channel, status, messages, attempts, events }) => [
      channel,
      status,
      String(messages),
      String(attempts),
      events.slice(0, 2).join(' '),
    ]),
    empty: 'nothing was delivered',
  };
}

function retention({ retention: { retentionDays, source, dueAt } }: RunReport): ReportSection {
  return {
    title: 'Retention',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Kept after its end', retentionDays === 0 ? 'for ever' : `${retentionDays} days (by ${source})`],
          ['May be removed from', dueAt ?? 'not due'],
        ],
      },
    ],
  };
}

function audit({ audit: { events, head, byType, log } }: RunReport): ReportSection {
  return {
    title: 'Audit trail',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Events in the chain of the run', String(events)],
          ['End of the chain (leaf hash)', head ?? 'none'],
          ['Log', log?.origin ?? 'nothing is sealed yet'],
          ...(log
            ? [
                ['Checkpoint', `size ${log.treeSize}, root ${log.rootHash}`] as const,
                ['Not covered by it yet', `${log.pending} of the events below`] as const,
              ]
            : []),
        ],
      },
      {
        kind: 'table',
        caption: 'Events proven against the checkpoint; the JSON form has the proofs',
        columns: [
          { title: 'Event', as: 'event', share: 2 },
          { title: 'Type', share: 1.5 },
          { title: 'Index', as: 'number', share: 0.7 },
          { title: 'Leaf hash', as: 'code', share: 2.4 },
        ],
        rows: (log?.events ?? []).map((each) => [each.eventId, each.type, String(each.index), each.leafHash]),
        empty: 'none yet',
      },
      {
        kind: 'table',
        caption: 'Events by type and outcome',
        columns: [{ title: 'Type', share: 2 }, { title: 'Outcome' }, { title: 'Events', as: 'number' }],
        rows: byType.map((each) => [each.type, each.outcome, String(each.events)]),
        empty: 'the trail does not hold them any more',
      },
    ],
  };
}

/** The templates are for programs. */
function links(report: RunReport): ReportSection {
  const rows = Object.entries(report.links)
    .filter(([, path]) => !path.includes('{'))
    .map(([part, path]) => [part === 'safeMode' ? 'safe mode' : part, path] as const);
  return { title: 'Where the events stand', blocks: [{ kind: 'links', rows }] };
}

function words(code: string): string {
  return code.replaceAll('_', ' ');
}
