import { type ReportDocument, type ReportSection, tierStatement } from '../document/report-document.js';
import type { ReportStamp } from '../report-issuer.service.js';
import type { ControlEvidence, FrameworkReport } from './framework-report.js';

/** What people read of the evidence for a framework. */
export function frameworkReportDocument(report: ReportStamp & FrameworkReport): ReportDocument {
  const { title, tenantId, period, tier, createdAt, claim, controls } = report;
  const empty = controls.filter(({ population }) => population === 0).length;
  return {
    title: `Evidence: ${title}`,
    subject: `Tenant ${tenantId}, ${period.from} to ${period.to}`,
    status: {
      tone: empty > 0 ? 'warning' : 'good',
      text: `${controls.length} controls, ${empty} of them without an event in the period. ${claim}`,
    },
    tier: tierStatement(tier),
    createdAt: new Date(createdAt),
    sections: controls.map(sectionOf),
  };
}

function sectionOf({
  id,
  title,
  shows,
  population,
  events,
  figures,
  samples,
  links,
}: ControlEvidence): ReportSection {
  return {
    title: `${id} ${title}`,
    blocks: [
      { kind: 'text', text: shows },
      {
        kind: 'facts',
        rows: [
          ['Population', `${population} events`],
          ...Object.entries(figures).map(
            ([name, value]) => [name, value === null ? 'none' : String(value)] as const,
          ),
        ],
      },
      {
        kind: 'table',
        caption: 'Events',
        columns: [{ title: 'Type', share: 2 }, { title: 'Outcome' }, { title: 'Events', as: 'number' }],
        rows: events.map((each) => [each.type, each.outcome, String(each.events)]),
        empty: 'none in the period',
      },
      {
        kind: 'table',
        caption: 'Samples',
        columns: [
          { title: 'Event', as: 'event', share: 2 },
          { title: 'Type', share: 1.6 },
          { title: 'Outcome' },
        ],
        rows: samples.map((sample) => [sample.eventId, sample.type, sample.outcome]),
        empty: 'none in the period',
      },
      {
        kind: 'links',
        rows: links.map((link) => {
          // The period stands at the head of the report.
          const [path = ''] = link.split('&from=');
          return [path === link ? 'More' : 'Events', path] as const;
        }),
      },
    ],
  };
}
