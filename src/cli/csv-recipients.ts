import { CsvError, type Info, parse } from 'csv-parse/sync';
import { CliError } from './cli-error.js';

/** A recipient as `POST /v1/workflows` takes it. */
export interface Recipient {
  readonly name: string;
  readonly email: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A row that cannot be used: where it stands and what is wrong, without repeating its values. */
export interface RowFault {
  readonly line: number;
  readonly message: string;
}

/** Most recipients one run takes. */
export const MAX_RECIPIENTS = 10_000;

/**
 * Reads recipients from CSV text: columns `name` and `email` in any case, separated by comma,
 * semicolon or tab; every other column becomes an attribute, empty cells are left out.
 *
 * @throws CliError when the file as a whole is not such a table.
 */
export function parseRecipients(text: string): { recipients: Recipient[]; faults: RowFault[] } {
  const [header, ...rows] = readTable(text);
  if (!header) throw new CliError('The file of recipients is empty');
  const columns = columnsOf(header.cells);
  if (rows.length === 0) throw new CliError('The file of recipients has a header and no rows');
  if (rows.length > MAX_RECIPIENTS) {
    throw new CliError(`There are ${rows.length} recipients; one run takes at most ${MAX_RECIPIENTS}`);
  }
  const recipients: Recipient[] = [];
  const faults: RowFault[] = [];
  for (const { line, cells } of rows) {
    const found = recipientOf(columns, cells);
    if (typeof found === 'string') faults.push({ line, message: found });
    else recipients.push(found);
  }
  return { recipients, faults };
}

interface Row {
  /** Line of the file the row begins on, from 1. */
  readonly line: number;
  readonly cells: string[];
}

function readTable(text: string): Row[] {
  try {
    const records = parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: Info }[];
    let previousEnd = 0;
    return records
      .map(({ record, info }) => {
        const row = { line: Math.max(previousEnd + 1, info.lines - linesWithin(record)), cells: record };
        previousEnd = info.lines;
        return row;
      })
      .filter(({ cells }) => cells.some((cell) => cell !== ''));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = (error as CsvError & { lines?: number }).lines;
    throw new CliError(
      `The file of recipients is not CSV${line ? ` (line ${line})` : ''}: ${faultOf(error)}`,
    );
  }
}

/** A quoted cell may span lines; the parser tells the line a row ends on. */
function linesWithin(record: readonly string[]): number {
  return record.join('').split('\n').length - 1;
}

function faultOf(error: CsvError): string {
  return (
    {
      CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
      CSV_INVALID_CLOSING_QUOTE: 'a quote ends inside a cell',
    }[error.code as string] ?? error.code
  );
}

/** The separator that occurs most often in the header, outside quotes. */
function delimiterOf(text: string): string {
  const header = (text.split(/\r?\n/).find((line) => line.trim() !== '') ?? '').replaceAll(/"[^"]*"/g, '');
  const count = (separator: string) => header.split(separator).length;
  return [',', ';', '\t'].reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}

/** The attribute each column becomes; a column without a title is left out. */
function columnsOf(titles: readonly string[]): string[] {
  const columns = titles.map((title, index) => {
    const key = attributeKey(title);
    if (title !== '' && !/^[A-Za-z][A-Za-z0-9]{0,63}$/.test(key)) {
      throw new CliError(
        `The title of column ${index + 1} gives no attribute name: it needs letters from a to z first`,
      );
    }
    return key;
  });
  for (const name of ['name', 'email']) {
    if (!columns.includes(name)) throw new CliError(`The file of recipients has no column "${name}"`);
  }
  const twice = columns.find((column, index) => column !== '' && columns.indexOf(column) !== index);
  if (twice !== undefined) throw new CliError(`The file of recipients has two columns "${twice}"`);
  return columns;
}

/** `Last purchase`, `last_purchase` and `LastPurchase` all become `lastPurchase`; accents are dropped. */
function attributeKey(title: string): string {
  const plain = title.replaceAll('ß', 'ss').normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const words = plain.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').match(/[\p{L}\p{N}]+/gu) ?? [];
  const key = words
    .map((word) => word.toLowerCase())
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
  return key === 'eMail' ? 'email' : key;
}

function recipientOf(columns: readonly string[], cells: readonly string[]): Recipient | string {
  if (cells.length > columns.length) return `has ${cells.length} cells, the header has ${columns.length}`;
  const values = new Map(columns.map((column, index) => [column, cells[index] ?? '']));
  const name = values.get('name') ?? '';
  const email = values.get('email') ?? '';
  if (name === '') return 'has no name';
  if (email === '') return 'has no e-mail address';
  // The server checks addresses thoroughly; this catches shifted columns before anything is sent.
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return 'has an e-mail address that is not one';
  const attributes = [...values].filter(
    ([key, value]) => key !== '' && key !== 'name' && key !== 'email' && value !== '',
  );
  return attributes.length === 0
    ? { name, email }
    : { name, email, attributes: Object.fromEntries(attributes) };
}
