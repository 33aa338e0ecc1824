const QUOTED = /^[ \t]*"((?:[^"]|"")*)"[ \t\r]*$/;

/** The cells of one row that ends where it should. Blanks around plain text are dropped, those inside quotes stay. */
export function cellsOf(row: string, delimiter: string): string[] {
  if (!row.includes('"')) return row.split(delimiter).map((cell) => cell.trim());
  const cells: string[] = [];
  for (let from = 0; from <= row.length;) {
    const end = endOfCell(row, delimiter, from);
    const text = row.slice(from, end);
    const quoted = QUOTED.exec(text);
    cells.push(quoted ? (quoted[1] as string).replaceAll('""', '"') : text.trim());
    from = end + 1;
  }
  return cells;
}

/** The separator that occurs most often in a header, outside quotes. */
export function delimiterOf(header: string): string {
  const plain = header.replaceAll(/"[^"]*"/g, '');
  const count = (separator: string) => plain.split(separator).length;
  return DELIMITERS.reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}

export const DELIMITERS = [',', ';', '\t'];

function endOfCell(row: string, delimiter: string, from: number): number {
  const blanks = delimiter === '\t' ? ' ' : ' \t';
  let at = from;
  while (at < row.length && blanks.includes(row.charAt(at))) at++;
  // Only a quote that opens a cell can hold a delimiter.
  if (row[at] === '"') {
    for (at++; at < row.length; at++) {
      if (row[at] !== '"') continue;
      if (row[at + 1] !== '"') break;
      at++;
    }
  }
  const end = row.indexOf(delimiter, at);
  return end < 0 ? row.length : end;
}
