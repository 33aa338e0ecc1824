/** What waits for its turn. */
interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends items together: whatever has come in while the last batch was under way goes out as the next one. Nothing
 * waits on a timer, so an item that comes alone goes at once.
 */
export class Coalescer<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private sending = false;

  /**
   * @param options.send gives what became of each item, in order, or throws for all of them.
   * @param options.keyOf items of one key never go out together: the later one rests on the earlier one.
   * @param options.maxItems of one batch.
   */
  constructor(
    private readonly options: {
      readonly send: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>;
      readonly keyOf: (item: Item) => string;
      readonly maxItems: number;
    },
  ) {}

  submit(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.sending) return;
      this.sending = true;
      // At the end of the turn, so that what is decided in the same turn goes together.
      setImmediate(() => void this.sendAll());
    });
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.takeBatch();
      try {
        const results = await this.options.send(batch.map(({ item }) => item));
        for (const [index, waiting] of batch.entries()) settle(waiting, results[index]);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.sending = false;
  }

  private takeBatch(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = [];
    const rest: Waiting<Item, Result>[] = [];
    const keys = new Set<string>();
    for (const each of this.waiting) {
      const key = this.options.keyOf(each.item);
      if (batch.length >= this.options.maxItems || keys.has(key)) rest.push(each);
      else {
        keys.add(key);
        batch.push(each);
      }
    }
    this.waiting = rest;
    return batch;
  }
}

function settle<Item, Result>(
  { resolve, reject }: Waiting<Item, Result>,
  result: PromiseSettledResult<Result> | undefined,
): void {
  if (result?.status === 'fulfilled') resolve(result.value);
  else reject(result?.reason ?? new TypeError('a batch gave no result for one of its items'));
}
