import type { FastifyReply } from 'fastify';
import { HTML_REPORT_POLICY, htmlReport } from './html-report.js';
import { pdfReport } from './pdf-report.js';
import type { ReportDocument } from './report-document.js';
import type { ReportFormat } from './report-format.js';

/**
 * Answers with a report in the form asked for.
 *
 * @param report the report as data, which is its JSON form.
 * @param documentOf makes what people read of it.
 * @param name of the file, without its ending; ids and dates only.
 */
export async function sendReport<T extends object>(
  reply: FastifyReply,
  format: ReportFormat,
  name: string,
  report: T,
  documentOf: (report: T) => ReportDocument,
): Promise<void> {
  void reply
    .header('cache-control', 'no-store')
    .header('vary', 'accept')
    .header('content-disposition', `inline; filename="${name}.${format}"`);
  switch (format) {
    case 'json':
      await reply.type('application/json; charset=utf-8').send(JSON.stringify(report));
      return;
    case 'html':
      await reply
        .header('content-security-policy', HTML_REPORT_POLICY)
        .type('text/html; charset=utf-8')
        .send(htmlReport(documentOf(report)));
      return;
    case 'pdf':
      await reply.type('application/pdf').send(await pdfReport(documentOf(report)));
      return;
  }
}
