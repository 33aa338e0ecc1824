/** A report as people read it, whatever it is printed on. Values are plain text: whoever prints them escapes them. */
export interface ReportDocument {
  readonly title: string;
  /** What it is about, for example a run or a period. */
  readonly subject: string;
  readonly status: { readonly tone: 'good' | 'warning' | 'bad'; readonly text: string };
  /** Stands at the foot of every page: what vouches for the trail. */
  readonly tier: string;
  readonly createdAt: Date;
  readonly sections: readonly ReportSection[];
}

export interface ReportSection {
  readonly title: string;
  readonly blocks: readonly ReportBlock[];
}

export type ReportBlock =
  | { readonly kind: 'text'; readonly text: string }
  /** Paths of the API where more stands. */
  | { readonly kind: 'links'; readonly rows: readonly (readonly [label: string, path: string])[] }
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [label: string, value: string])[] }
  | ReportTable;

export interface ReportTable {
  readonly kind: 'table';
  readonly caption: string;
  readonly columns: readonly ReportColumn[];
  /** As many cells as there are columns. */
  readonly rows: readonly (readonly string[])[];
  /** What is said when there are no rows. */
  readonly empty: string;
}

export interface ReportColumn {
  readonly title: string;
  /**
   * `number` is aligned to the right, `code` (ids, hashes) may break anywhere, `event` is the ids of audit events, with
   * blanks between them, that lead to what is recorded.
   */
  readonly as?: 'number' | 'code' | 'event';
  /** Share of the width; 1 when absent. */
  readonly share?: number;
}

/** Rows that a printed table shows at most; the JSON form holds all of them. */
const MAX_PRINTED_ROWS = 200;

/** A table cut to what people read, saying so. */
export function printedRows(table: ReportTable): { rows: ReportTable['rows']; left: number } {
  return {
    rows: table.rows.slice(0, MAX_PRINTED_ROWS),
    left: Math.max(0, table.rows.length - MAX_PRINTED_ROWS),
  };
}

/** Takes away what shows nothing or turns the direction of writing, so that a name cannot look like another text. */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, ' ');
}

/** The tier of the trail in words (`database.tier`). */
export function tierStatement(tier: 'server' | 'embedded'): string {
  return tier === 'server'
    ? 'Audit tier: server. The database has an owner other than this service.'
    : 'Audit tier: embedded. The service itself owns the database: its grants and triggers guard against accidents only.';
}
