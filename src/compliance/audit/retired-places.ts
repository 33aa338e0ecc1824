/** Places of a log whose leaves went when their time was over: ranges from an index (inclusive) to another (exclusive). */
export class RetiredPlaces {
  private readonly ranges: readonly (readonly [from: number, to: number])[];

  /** @param multiranges as Postgres writes them: `{[0,5),[8,9)}`. */
  constructor(multiranges: readonly string[]) {
    const all = multiranges.flatMap((text) =>
      [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to)] as const),
    );
    this.ranges = merged(all.toSorted(([one], [other]) => one - other));
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  has(index: number): boolean {
    return this.anyBetween(index - 1, index + 1);
  }

  /** Whether any place between two others has gone, these two not counted. */
  anyBetween(after: number, before: number): boolean {
    const [from, to] = this.ranges[this.firstEndingAfter(after + 1)] ?? [0, 0];
    return to > 0 && from < before && Math.max(from, after + 1) < before;
  }

  private firstEndingAfter(index: number): number {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ranges[middle]?.[1] ?? 0) > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function merged(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const all: (readonly [number, number])[] = [];
  for (const [from, to] of ranges) {
    const last = all.at(-1);
    if (last && from <= last[1]) all[all.length - 1] = [last[0], Math.max(last[1], to)];
    else all.push([from, to]);
  }
  return all;
}
