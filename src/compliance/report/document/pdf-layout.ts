// These files also run as they are written, in a thread of tests: hence the endings of the imports.
import {
  type Content,
  type DocumentDefinition,
  pdfmake,
  Roboto,
  type TableNode,
  type TextNode,
} from './pdfmake.ts';
import {
  plainText,
  printedRows,
  type ReportBlock,
  type ReportColumn,
  type ReportDocument,
  type ReportTable,
} from './report-document.ts';

pdfmake.setFonts({ Roboto });
// A report is text: nothing is fetched, and no file is read but the fonts of the package.
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy((path) => Object.values(Roboto).includes(path));

const INK = '#1a1f26';
const QUIET = '#3d4653';
const TONES = { good: '#1b7f4b', warning: '#a86400', bad: '#b3261e' } as const;
/** Longer words are broken, so that nobody's long name writes over the next column. */
const LONGEST_WORD = 24;

/**
 * Lays a report out as a PDF (A4). The same report gives the same bytes. It takes as long as it takes and lets nothing
 * else in meanwhile, so it is called in a thread of its own.
 */
export function layOutPdf(report: ReportDocument): Promise<Buffer> {
  return pdfmake.createPdf(definitionOf(report)).getBuffer();
}

function definitionOf({
  title,
  subject,
  status,
  tier,
  createdAt,
  sections,
}: ReportDocument): DocumentDefinition {
  const about = plain(`${title}: ${subject}`);
  return {
    pageSize: 'A4',
    pageMargins: [42, 54, 42, 54],
    language: 'en',
    displayTitle: true,
    info: {
      title: about,
      author: 'Countersign',
      creator: 'Countersign',
      producer: 'Countersign',
      creationDate: createdAt,
    },
    defaultStyle: { font: 'Roboto', fontSize: 9, color: INK, lineHeight: 1.15 },
    header: (page) =>
      page === 1 ? '' : { text: about, fontSize: 7.5, color: QUIET, margin: [42, 28, 42, 0], noWrap: true },
    footer: (page, pages) => ({
      columns: [
        { text: `${tier}\nCreated ${createdAt.toISOString()}`, width: '*' },
        { text: `${page} / ${pages}`, width: 60, alignment: 'right' },
      ],
      fontSize: 7,
      color: QUIET,
      margin: [42, 14, 42, 0],
    }),
    content: [
      { text: plain(title), fontSize: 17, bold: true },
      { text: plain(subject), color: QUIET, margin: [0, 2, 0, 0] },
      statusLine(status),
      ...sections.flatMap(({ title: heading, blocks }): Content[] => [
        {
          text: plain(heading),
          fontSize: 12,
          bold: true,
          margin: [0, 16, 0, 4],
          headlineLevel: 1,
          outline: true,
        },
        ...blocks.map(blockOf),
      ]),
    ],
    // A heading at the foot of a page belongs to what follows it.
    pageBreakBefore: ({ headlineLevel, startPosition }) =>
      headlineLevel !== undefined && startPosition.verticalRatio > (headlineLevel === 1 ? 0.85 : 0.9),
  };
}

function statusLine({ tone, text }: ReportDocument['status']): Content {
  return {
    table: { widths: ['*'], body: [[{ text: plain(text), bold: true, margin: [6, 4, 6, 4] }]] },
    layout: {
      hLineWidth: () => 0,
      vLineWidth: (line) => (line === 0 ? 4 : 0),
      vLineColor: () => TONES[tone],
      fillColor: () => '#f4f6f8',
    },
    margin: [0, 10, 0, 0],
  };
}

function blockOf(block: ReportBlock): Content {
  switch (block.kind) {
    case 'text':
      return { text: plain(block.text), margin: [0, 2, 0, 4] };
    case 'links':
    case 'facts':
      return {
        table: {
          widths: [140, '*'],
          body: block.rows.map(([label, value]): TextNode[] => [
            { text: plain(label), color: QUIET },
            cellOf(value, {}),
          ]),
        },
        layout: 'noBorders',
        margin: [0, 0, 0, 4],
      };
    case 'table':
      return tableOf(block);
  }
}

function tableOf(table: ReportTable): Content {
  const { caption, columns, empty } = table;
  if (table.rows.length === 0)
    return { text: plain(`${caption}: ${empty}`), color: QUIET, margin: [0, 2, 0, 4] };
  const { rows, left } = printedRows(table);
  return {
    stack: [
      { text: plain(caption), color: QUIET, margin: [0, 4, 0, 2], headlineLevel: 2 },
      gridOf(columns, rows),
      ...(left > 0 ? [{ text: `${left} more rows stand in the JSON form.`, color: QUIET }] : []),
    ],
    margin: [0, 0, 0, 6],
  };
}

function gridOf(columns: readonly ReportColumn[], rows: ReportTable['rows']): TableNode {
  const shares = columns.reduce((sum, { share = 1 }) => sum + share, 0);
  return {
    table: {
      headerRows: 1,
      keepWithHeaderRows: 1,
      dontBreakRows: true,
      widths: columns.map(({ share = 1 }) => `${((share / shares) * 100).toFixed(3)}%`),
      body: [
        columns.map(({ title, as }): TextNode => ({
          text: plain(title),
          bold: true,
          fontSize: 8,
          alignment: as === 'number' ? 'right' : 'left',
        })),
        ...rows.map((cells) => columns.map((column, index) => cellOf(cells[index] ?? '', column))),
      ],
    },
    layout: {
      hLineWidth: (line) => (line === 0 ? 0 : line === 1 ? 1 : 0.4),
      hLineColor: (line) => (line === 1 ? INK : '#d5dae1'),
      vLineWidth: () => 0,
      paddingLeft: (column) => (column === 0 ? 0 : 4),
      paddingRight: () => 4,
      paddingTop: () => 2,
      paddingBottom: () => 2,
    },
  };
}

function cellOf(value: string, { as }: Pick<ReportColumn, 'as'>): TextNode {
  const text = plain(value);
  const isLong = text.split(' ').some((word) => word.length > LONGEST_WORD);
  const isCode = as === 'code' || as === 'event';
  return {
    text: as === 'event' ? text.replaceAll(' ', '\n') : text,
    fontSize: isCode ? 7.5 : 8.5,
    alignment: as === 'number' ? 'right' : 'left',
    wordBreak: isCode || isLong ? 'break-all' : 'normal',
  };
}

/** The fonts know neither the brackets of tokens nor what lies beyond the basic plane. */
function plain(text: string): string {
  return plainText(text)
    .replaceAll('⟦', '[')
    .replaceAll('⟧', ']')
    .replaceAll(/[\u{10000}-\u{10FFFF}]/gu, '?');
}
