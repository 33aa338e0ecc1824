import {
  type ReportDocument,
  type ReportSection,
  tierStatement,
} from '../../compliance/report/document/report-document.js';
import type { ReportStamp } from '../../compliance/report/report-issuer.service.js';
import type { ProcessingActivity } from './processing-record.js';
import type { ProcessingRecords } from './processing-records.service.js';

const NOT_SAID = 'not configured';

/** What people read of the records of processing. */
export function processingRecordsDocument(report: ReportStamp & ProcessingRecords): ReportDocument {
  const { tenantId, tier, createdAt, controller, modelProvider, activities, measures } = report;
  const isComplete = controller.name !== null && controller.contact !== null;
  return {
    title: 'Records of processing activities (GDPR Art. 30)',
    subject: `Tenant ${tenantId}`,
    status: {
      tone: isComplete ? 'good' : 'warning',
      text: `${activities.length} activities${isComplete ? '' : '; the controller is not configured'}.`,
    },
    tier: tierStatement(tier),
    createdAt: new Date(createdAt),
    sections: [
      {
        title: 'Controller',
        blocks: [
          {
            kind: 'facts',
            rows: [
              ['Name', controller.name ?? NOT_SAID],
              ['Contact', controller.contact ?? NOT_SAID],
              ['Data protection officer', controller.dataProtectionOfficer ?? NOT_SAID],
              ['Provider of models', `${modelProvider} (given tokens in place of personal data)`],
            ],
          },
        ],
      },
      ...activities.map(sectionOf),
      { title: 'Measures (Art. 32)', blocks: measures.map((text) => ({ kind: 'text' as const, text })) },
    ],
  };
}

function sectionOf(activity: ProcessingActivity): ReportSection {
  const { definition, version, title, description, purpose, people, channels, agents, reviewedIn } = activity;
  return {
    title,
    blocks: [
      ...(description === null ? [] : [{ kind: 'text' as const, text: description }]),
      {
        kind: 'facts',
        rows: [
          ['Definition', `${definition}, version ${version}`],
          ['Purpose', purpose],
          [
            'Lawful bases',
            activity.lawfulBases.map(({ basis, people: n }) => `${basis} (${n})`).join(', ') ||
              'none named yet',
          ],
          ...people.map(({ category, data }) => [`Data of: ${category}`, data.join(', ')] as const),
          ['Disclosed by', channels.join(', ') || 'nothing is delivered'],
          ['Agents', agents.join(', ') || 'none'],
          ['Reviewed by people in', reviewedIn.join(', ') || 'no phase'],
          [
            'Erased',
            activity.retentionDays === 0
              ? 'never by itself'
              : `${activity.retentionDays} days after the end of a run`,
          ],
        ],
      },
    ],
  };
}
