import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { longReport, sampleReport } from '../../../../test/harness/sample-report.fixture.js';
import { HTML_REPORT_POLICY, htmlReport } from './html-report.js';

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&\u202Egnp.exe`;

describe('a report as HTML', () => {
  it('holds its figures, and says when there are none', () => {
    const html = htmlReport(sampleReport());
    for (const text of [
      'EMAIL_ADDRESS',
      '>42<',
      'ab'.repeat(32),
      'email-campaign version 1',
      'Reveals: nothing was revealed',
    ]) {
      expect(html).toContain(text);
    }
  });

  it('shows hostile names as text, wherever they stand', () => {
    const cells = [HOSTILE];
    const html = htmlReport(
      sampleReport({
        title: HOSTILE,
        subject: HOSTILE,
        status: { tone: 'bad', text: HOSTILE },
        tier: HOSTILE,
        sections: [
          {
            title: HOSTILE,
            blocks: [
              { kind: 'text', text: HOSTILE },
              { kind: 'facts', rows: [[HOSTILE, HOSTILE]] },
              {
                kind: 'table',
                caption: HOSTILE,
                columns: [{ title: HOSTILE, as: 'event' }],
                rows: [cells, cells],
                empty: '',
              },
            ],
          },
        ],
      }),
    );
    expect(html).not.toMatch(/<script|<img|\u202E/);
    expect(html).toContain('&quot;&gt;&lt;script&gt;');
    const tags = [...html.matchAll(/<([a-z0-9]+)/g)].map(([, tag]) => tag);
    expect(new Set(tags)).toEqual(
      new Set([
        'html',
        'head',
        'meta',
        'title',
        'style',
        'body',
        'header',
        'h1',
        'p',
        'main',
        'section',
        'h2',
        'dl',
        'dt',
        'dd',
        'div',
        'table',
        'caption',
        'thead',
        'tr',
        'th',
        'tbody',
        'footer',
        'time',
      ]),
    );
  });

  it('loads nothing and runs nothing, and its style is the one that its policy allows', () => {
    const html = htmlReport(sampleReport());
    expect(html).not.toMatch(/\b(?:src|href|on[a-z]+|style)=/);
    const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(HTML_REPORT_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; frame-ancestors 'none'`,
    );
  });

  it('can be read aloud: language, headings in order, captions, heads of columns and rows', () => {
    const html = htmlReport(sampleReport());
    expect(html).toContain('<html lang="en">');
    expect([...html.matchAll(/<h(\d)/g)].map(([, level]) => level)).toEqual(['1', '2', '2']);
    expect(html).toContain('<caption>Personal data found</caption>');
    expect(html).toContain('<th scope="col">Entity</th>');
    expect(html).toContain('<th scope="row">EMAIL_ADDRESS</th>');
    for (const [, id] of html.matchAll(/aria-labelledby="([^"]+)"/g)) expect(html).toContain(`id="${id}"`);
  });

  it('says how many rows it leaves to the JSON form', () => {
    expect(htmlReport(longReport(300))).toContain('100 more rows stand in the JSON form.');
  });
});
