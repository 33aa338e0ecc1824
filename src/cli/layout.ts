/** Breaks a text into lines of at most `width` characters, between words where it can. */
export function wrap(text: string, width: number): string[] {
  return text.split(/\r?\n/).flatMap((paragraph) => wrapParagraph(paragraph, width));
}

/** A frame of `width` columns around lines, with a title in its upper edge. */
export function box(title: string, lines: readonly string[], width: number): string[] {
  const inner = width - 4;
  const head = cut(title, inner - 2);
  return [
    `┌─ ${head} ${'─'.repeat(Math.max(0, width - 5 - lengthOf(head)))}┐`,
    ...lines.flatMap((line) => wrap(line, inner)).map((line) => `│ ${pad(line, inner)} │`),
    `└${'─'.repeat(width - 2)}┘`,
  ];
}

/** Two blocks beside each other. */
export function sideBySide(left: readonly string[], right: readonly string[], gap = 2): string[] {
  const leftWidth = Math.max(0, ...left.map(lengthOf));
  return Array.from({ length: Math.max(left.length, right.length) }, (_none, row) =>
    `${pad(left[row] ?? '', leftWidth + gap)}${right[row] ?? ''}`.trimEnd(),
  );
}

/** A table with aligned columns; columns named in `right` are aligned to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths = header.map((title, column) =>
    Math.max(lengthOf(title), ...rows.map((row) => lengthOf(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return right.includes(column) ? cell.padStart(width) : pad(cell, width);
      })
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)];
}

/** A duration as a person reads it. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1_000)} s`;
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ').flatMap((long) => pieces(long, width))) {
    if (line !== '' && lengthOf(line) + 1 + lengthOf(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const letters = lettersOf(word);
  const count = Math.max(1, Math.ceil(letters.length / width));
  return Array.from({ length: count }, (_none, piece) =>
    letters.slice(piece * width, (piece + 1) * width).join(''),
  );
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)));
}

function cut(text: string, width: number): string {
  return lengthOf(text) <= width
    ? text
    : `${lettersOf(text)
        .slice(0, width - 1)
        .join('')}…`;
}

function lengthOf(text: string): number {
  return lettersOf(text).length;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What a reader takes for one character each. */
function lettersOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
