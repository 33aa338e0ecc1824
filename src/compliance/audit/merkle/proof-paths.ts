import { type LeafRange, splitOf } from './subtrees.js';

/**
 * What an inclusion proof (RFC 6962 §2.1.1) is made of, from the sibling of the leaf up.
 *
 * @throws RangeError when the tree has no such leaf, or is larger than numbers are exact.
 */
export function inclusionPath(index: number, size: number): LeafRange[] {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
  const path: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.reverse();
}

/**
 * What a consistency proof (RFC 6962 §2.1.2) is made of, in its order.
 *
 * @throws RangeError unless 0 < from ≤ to, and both are exact numbers.
 */
export function consistencyPath(from: number, to: number): LeafRange[] {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from <= 0 || from > to) {
    throw new RangeError(`there is no proof from size ${from} to size ${to}`);
  }
  const path: LeafRange[] = [];
  let start = 0;
  let end = to;
  while (from !== end) {
    const middle = start + splitOf(end - start);
    if (from <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  // Whoever checks has the root of a whole old tree already.
  if (start > 0) path.push({ start, end });
  return path.reverse();
}
