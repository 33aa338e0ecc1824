/** What is made of digits and names nobody: identifiers, digests and instants. */
const BENIGN = new RegExp(
  [
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    '(?<![0-9A-Za-z])(?=[0-9]{0,40}[a-f])[0-9a-f]{16,128}(?![0-9A-Za-z])',
    '(?:19|20)\\d\\d-[01]\\d-[0-3]\\d[T ][0-2]\\d:[0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?',
  ].join('|'),
  'gi',
);
const LONGEST = 129;
/** What stands right beside digits that are a piece of something longer. */
const JOINT = /[0-9A-Za-z:.,+-]/;

/** Whether a number is a piece of a UUID, a digest or an instant. Looks only at what stands around it. */
export function isPieceOfBenign(text: string, start: number, end: number): boolean {
  if (!JOINT.test(text[start - 1] ?? '') && !JOINT.test(text[end] ?? '')) return false;
  const from = Math.max(0, start - LONGEST);
  for (const match of text.slice(from, end + LONGEST).matchAll(BENIGN)) {
    const at = from + match.index;
    if (at < end && at + match[0].length > start) return true;
  }
  return false;
}
