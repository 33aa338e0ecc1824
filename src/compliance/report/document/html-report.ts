import { createHash } from 'node:crypto';
import {
  plainText,
  printedRows,
  type ReportBlock,
  type ReportColumn,
  type ReportDocument,
  type ReportTable,
} from './report-document.js';

const STYLE = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1f26; background: #fff; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #8a94a3; padding-bottom: .2rem; }
.subject { margin: 0; color: #3d4653; overflow-wrap: anywhere; }
.status { border-left: .4rem solid; padding: .5rem .75rem; margin: 1rem 0; background: #f4f6f8; font-weight: 600; }
.good { border-color: #1b7f4b; } .warning { border-color: #a86400; } .bad { border-color: #b3261e; }
dl { display: grid; grid-template-columns: minmax(10rem, max-content) 1fr; gap: .15rem 1rem; margin: .5rem 0; }
dt { color: #3d4653; } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .9rem; }
caption { text-align: left; color: #3d4653; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #d5dae1; overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid #1a1f26; overflow-wrap: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.code, .event { font-family: ui-monospace, monospace; font-size: .82rem; }
.empty, footer { color: #3d4653; }
a { color: #1d4f91; }
footer { margin-top: 2.5rem; border-top: 1px solid #8a94a3; padding-top: .5rem; font-size: .85rem; }
@media print {
  body { margin: 0; max-width: none; font-size: 10pt; }
  thead { display: table-header-group; } tr, .status { break-inside: avoid; } h2 { break-after: avoid; }
  .scroll { overflow: visible; }
}
@page { margin: 18mm 15mm; @bottom-right { content: counter(page) " / " counter(pages); } }
`;

/** What a browser may do with the page: show it in its own style, and nothing else. No script, nothing loaded. */
export const HTML_REPORT_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'`;

/** A self-contained page: no script, nothing loaded from anywhere, printable. */
export function htmlReport(report: ReportDocument): string {
  const { title, subject, status, tier, createdAt, sections } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(`${title}: ${subject}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p class="subject">${escaped(subject)}</p>
</header>
<p class="status ${status.tone}" role="status">${escaped(status.text)}</p>
<main>
${sections.map((section, index) => sectionOf(section, `section-${index + 1}`)).join('\n')}
</main>
<footer>
<p>${escaped(tier)}</p>
<p>Created <time datetime="${createdAt.toISOString()}">${createdAt.toISOString()}</time></p>
</footer>
</body>
</html>
`;
}

function sectionOf({ title, blocks }: ReportDocument['sections'][number], id: string): string {
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escaped(title)}</h2>
${blocks.map(blockOf).join('\n')}
</section>`;
}

function blockOf(block: ReportBlock): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'facts':
      return `<dl>${block.rows.map(([label, value]) => `<dt>${escaped(label)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`;
    case 'links':
      return `<dl>${block.rows.map(([label, path]) => `<dt>${escaped(label)}</dt><dd>${linkTo(path, path)}</dd>`).join('')}</dl>`;
    case 'table':
      return tableOf(block);
  }
}

/** A path of this API; anything else stays text. */
function linkTo(path: string, text: string): string {
  return /^\/v1\/[\w/?&=.%-]*$/.test(path)
    ? `<a href="${escaped(path)}">${escaped(text)}</a>`
    : escaped(text);
}

function cellOf(value: string, { as }: ReportColumn): string {
  if (as !== 'event') return escaped(value);
  return value
    .split(' ')
    .map((id) => (/^[0-9a-f-]{36}$/.test(id) ? linkTo(`/v1/audit/events/${id}`, id) : escaped(id)))
    .join(' ');
}

function tableOf(table: ReportTable): string {
  const { caption, columns, empty } = table;
  if (table.rows.length === 0) return `<p class="empty">${escaped(caption)}: ${escaped(empty)}</p>`;
  const { rows, left } = printedRows(table);
  const head = columns.map((column) => `<th scope="col"${classOf(column)}>${escaped(column.title)}</th>`);
  const body = rows.map((cells) => {
    const shown = columns.map((column, index) => {
      const text = cellOf(cells[index] ?? '', column);
      return index === 0
        ? `<th scope="row"${classOf(column)}>${text}</th>`
        : `<td${classOf(column)}>${text}</td>`;
    });
    return `<tr>${shown.join('')}</tr>`;
  });
  return `<div class="scroll" role="region" aria-label="${escaped(caption)}" tabindex="0"><table>
<caption>${escaped(caption)}</caption>
<thead><tr>${head.join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>${left > 0 ? `\n<p class="empty">${left} more rows stand in the JSON form.</p>` : ''}`;
}

function classOf({ as }: ReportColumn): string {
  return as ? ` class="${as}"` : '';
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return plainText(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
