/** What is made of digits and names nobody: identifiers, digests and instants. */
const BENIGN = new RegExp(
  [
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    '(?<![0-9A-Za-z])(?=[0-9]{0,40}[a-f])[0-9a-f]{16,128}(?![0-9A-Za-z])',
    '(?:19|20)\\d\\d-[01]\\d-[0-3]\\d[T ][0-2]\\d:[0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?',
  ].join('|'),
  'gi',
);

/** Spans in which digits are no personal number, in text order. */
export function benignSpans(text: string): { start: number; end: number }[] {
  return Array.from(text.matchAll(BENIGN), ({ index, 0: match }) => ({
    start: index,
    end: index + match.length,
  }));
}
