import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { longReport, sampleReport } from '../../../../test/harness/sample-report.fixture.js';
import { textOfPdf } from '../../../../test/harness/pdf-text.js';
import { pdfReport } from './pdf-report.js';

describe('a report as PDF', () => {
  it('holds its figures, its status and the tier, and numbers its pages', async () => {
    const [page = '', ...more] = textOfPdf(await pdfReport(sampleReport()));
    expect(more).toEqual([]);
    for (const text of [
      'COMPLETED: every transition passed the gate.',
      'EMAIL_ADDRESS',
      '42',
      'Audit tier: server.',
      '1 / 1',
    ]) {
      expect(page).toContain(text);
    }
  });

  it('repeats the head of a table on each page that it goes on to', async () => {
    const pages = textOfPdf(await pdfReport(longReport(120)));
    expect(pages.length).toBeGreaterThan(2);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain('Number of the row');
      expect(page).toContain(`${index + 1} / ${pages.length}`);
    }
    expect(pages.join('\n').match(/row-\d+/g)).toHaveLength(120);
  });

  it('is laid out while everything else goes on', async () => {
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    const startedAt = performance.now();
    await Promise.all([pdfReport(longReport(200)), pdfReport(longReport(200)), pdfReport(longReport(200))]);
    clearInterval(ticking);
    // In this thread it would be one turn for each report.
    expect(turns).toBeGreaterThan((performance.now() - startedAt) / 20);
  });

  it('is the same for the same report', async () => {
    expect((await pdfReport(sampleReport())).equals(await pdfReport(sampleReport()))).toBe(true);
  });

  it('shows a hostile name as text, and keeps a long one inside its column', async () => {
    const name = `<b>${'W'.repeat(120)}</b>{"text":"x"}`;
    const report = sampleReport({
      subject: name,
      sections: [{ title: 'T', blocks: [{ kind: 'facts', rows: [['Name', name]] }] }],
    });
    const [page = ''] = textOfPdf(await pdfReport(report));
    expect(page.replaceAll(/\s/g, '')).toContain('{"text":"x"}');
  });

  it('is one that another program can read', async (context) => {
    const run = spawnSync('pdftotext', ['-', '-'], { input: await pdfReport(sampleReport()) });
    if (run.error) context.skip('pdftotext is not installed');
    expect(run.stdout.toString()).toContain('EMAIL_ADDRESS');
  });
});
