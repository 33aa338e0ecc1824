import type { Finding } from './finding.js';

/**
 * Leaves one winner for each stretch of text: findings are taken in the order of `compare`, and one that
 * overlaps a winner is dropped. The result is in text order.
 *
 * Linear in the lengths of the findings: each cluster of overlapping findings marks the places it covers.
 */
export function resolveOverlaps<T extends Finding>(
  findings: readonly T[],
  compare: (a: T, b: T) => number = byScoreThenLength,
): T[] {
  const sorted = [...findings].sort((a, b) => a.start - b.start);
  const winners: T[] = [];
  let cluster: T[] = [];
  let clusterEnd = -1;
  for (const finding of sorted) {
    if (finding.start >= clusterEnd) {
      for (const winner of winnersOf(cluster, compare)) winners.push(winner);
      cluster = [];
    }
    cluster.push(finding);
    clusterEnd = Math.max(clusterEnd, finding.end);
  }
  return winners.concat(winnersOf(cluster, compare));
}

function byScoreThenLength(a: Finding, b: Finding): number {
  return b.score - a.score || b.end - b.start - (a.end - a.start);
}

function winnersOf<T extends Finding>(cluster: readonly T[], compare: (a: T, b: T) => number): T[] {
  const first = cluster[0];
  if (cluster.length < 2 || !first) return [...cluster];
  const offset = first.start;
  const length = cluster.reduce((end, finding) => Math.max(end, finding.end), 0) - offset;
  const taken = new Uint8Array(length);
  const winners: T[] = [];
  for (const finding of [...cluster].sort(compare)) {
    const place = taken.subarray(finding.start - offset, finding.end - offset);
    if (place.includes(1)) continue;
    place.fill(1);
    winners.push(finding);
  }
  return winners.sort((a, b) => a.start - b.start);
}
