/** A line of two texts laid side by side. */
export interface DiffLine {
  readonly op: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Cells of the table of common lines that a comparison may fill in all; what is beyond is shown as replaced. */
export class DiffBudget {
  constructor(private cells: number) {}

  /** Takes what a table needs, if there is that much left. */
  take(cells: number): boolean {
    if (cells > this.cells) return false;
    this.cells -= cells;
    return true;
  }
}

/**
 * The lines of two texts, with as many in common as possible (a longest common subsequence). Lines at both ends that are
 * the same cost nothing.
 */
export function diffLines(before: string, after: string, budget: DiffBudget): DiffLine[] {
  const [left, right] = [before.split('\n'), after.split('\n')];
  const shortest = Math.min(left.length, right.length);
  let head = 0;
  while (head < shortest && left[head] === right[head]) head++;
  let tail = 0;
  while (tail < shortest - head && left.at(-1 - tail) === right.at(-1 - tail)) tail++;
  return [
    ...left.slice(0, head).map(as('same')),
    ...diffMiddle(left.slice(head, left.length - tail), right.slice(head, right.length - tail), budget),
    ...left.slice(left.length - tail).map(as('same')),
  ];
}

function diffMiddle(left: readonly string[], right: readonly string[], budget: DiffBudget): DiffLine[] {
  if (!budget.take((left.length + 1) * (right.length + 1))) {
    return [...left.map(as('removed')), ...right.map(as('added'))];
  }
  const common = commonLengths(left, right);
  const width = right.length + 1;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) {
      lines.push({ op: 'same', text: left[i++] ?? '' });
      j++;
    } else if ((common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) {
      lines.push({ op: 'removed', text: left[i++] ?? '' });
    } else lines.push({ op: 'added', text: right[j++] ?? '' });
  }
  return [...lines, ...left.slice(i).map(as('removed')), ...right.slice(j).map(as('added'))];
}

/** How many lines the rests of both texts have in common, for every pair of places. */
function commonLengths(left: readonly string[], right: readonly string[]): Uint32Array {
  const width = right.length + 1;
  const common = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const [diagonal, below, beside] = [(i + 1) * width + j + 1, (i + 1) * width + j, i * width + j + 1];
      common[i * width + j] =
        left[i] === right[j]
          ? (common[diagonal] ?? 0) + 1
          : Math.max(common[below] ?? 0, common[beside] ?? 0);
    }
  }
  return common;
}

function as(op: DiffLine['op']): (text: string) => DiffLine {
  return (text) => ({ op, text });
}
