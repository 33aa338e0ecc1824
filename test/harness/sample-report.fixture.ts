import type { ReportDocument } from '../../src/compliance/report/document/report-document.js';

/** A report with one of everything a report can hold. */
export function sampleReport(changes: Partial<ReportDocument> = {}): ReportDocument {
  return {
    title: 'Compliance report of a run',
    subject: 'Run 01a1fc05-23f6-7593-b6f9-d3595bfe2be1',
    status: { tone: 'good', text: 'COMPLETED: every transition passed the gate.' },
    tier: 'Audit tier: server.',
    createdAt: new Date('2030-01-01T00:00:00.000Z'),
    sections: [
      {
        title: 'Identity',
        blocks: [
          { kind: 'text', text: 'What was run, and with which versions.' },
          { kind: 'facts', rows: [['Definition', 'email-campaign version 1']] },
        ],
      },
      {
        title: 'Findings',
        blocks: [
          {
            kind: 'table',
            caption: 'Personal data found',
            columns: [{ title: 'Entity' }, { title: 'Found', as: 'number' }, { title: 'Hash', as: 'code' }],
            rows: [['EMAIL_ADDRESS', '42', 'ab'.repeat(32)]],
            empty: 'nothing was found',
          },
          {
            kind: 'table',
            caption: 'Reveals',
            columns: [{ title: 'When' }],
            rows: [],
            empty: 'nothing was revealed',
          },
        ],
      },
    ],
    ...changes,
  };
}

/** A report whose one table has so many rows. */
export function longReport(rows: number): ReportDocument {
  return sampleReport({
    sections: [
      {
        title: 'Everything',
        blocks: [
          {
            kind: 'table',
            caption: 'Rows',
            columns: [{ title: 'Number of the row' }, { title: 'Hash', as: 'code', share: 2 }],
            rows: Array.from({ length: rows }, (_, row) => [`row-${row}`, 'cd'.repeat(32)]),
            empty: 'none',
          },
        ],
      },
    ],
  });
}
