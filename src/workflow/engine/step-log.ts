import { isCount } from '../../compliance/state/fact-forms.js';
import { partsOfKey } from './step-key.js';

/** What the history keeps of a piece of work. Rows of other writers may lack any of it. */
export interface StepRecord {
  readonly key: string;
  /**
   * `completed`, `failed`, `cancelled`; `retried`: an attempt that is followed by another one; `reopened`: what has
   * failed or was cancelled is to be done after all.
   */
  readonly status: string;
  readonly output: unknown;
  readonly detail: unknown;
}

export interface FailedItem {
  readonly index: number;
  readonly code: string;
}

/** When a piece of work may be tried again, and how often it was tried. */
export interface Retried {
  readonly attempts: number;
  readonly notBefore: Date;
}

interface ItemLog {
  readonly made: Map<number, unknown>;
  readonly failed: Map<number, string>;
}

/** What is known of the steps of a run: outputs, failures and attempts, by step key. */
export class StepLog {
  private readonly outputs = new Map<string, unknown>();
  private readonly items = new Map<string, ItemLog>();
  private readonly closed = new Map<string, 'failed' | 'cancelled'>();
  private readonly retries = new Map<string, Retried>();
  private readonly retriesOfStep = new Map<string, Set<string>>();

  constructor(records: readonly StepRecord[] = []) {
    for (const record of records) this.note(record);
  }

  note({ key, status, output, detail }: StepRecord): void {
    const { step, item } = partsOfKey(key);
    switch (status) {
      case 'completed':
        this.forget(key);
        if (item === undefined) this.outputs.set(key, output);
        else this.noteItems(step, item, output, detail);
        return;
      case 'failed':
      case 'cancelled':
        if (item === undefined) this.closed.set(key, status);
        else this.noteItems(step, item, output, detail);
        return;
      case 'retried':
        this.noteRetry(key, step, detail);
        return;
      case 'reopened':
        this.reopen(key);
        return;
      default:
    }
  }

  /** Whether a step has failed, was cancelled, or has items or attempts that have failed. */
  hasFailures(key: string): boolean {
    return (
      this.closed.has(key) ||
      this.retries.has(key) ||
      this.retriedItems(key).size > 0 ||
      (this.items.get(key)?.failed.size ?? 0) > 0
    );
  }

  /** The output of a step that is no fan-out. */
  output(key: string): unknown {
    return this.outputs.get(key);
  }

  isDone(key: string): boolean {
    return this.outputs.has(key);
  }

  /** How a step ended that has no output. */
  closedAs(key: string): 'failed' | 'cancelled' | undefined {
    return this.closed.get(key);
  }

  retried(key: string): Retried | undefined {
    return this.retries.get(key);
  }

  /** Items of a fan-out that were tried and will be again, by their keys. */
  retriedItems(step: string): ReadonlySet<string> {
    return this.retriesOfStep.get(step) ?? NOTHING;
  }

  /** Outputs of a fan-out so far, in the order of its items. */
  itemOutputs(step: string): readonly unknown[] {
    const made = this.items.get(step)?.made;
    return made ? [...made].sort(([one], [other]) => one - other).map(([, output]) => output) : [];
  }

  failedItems(step: string): readonly FailedItem[] {
    const failed = this.items.get(step)?.failed;
    return failed
      ? [...failed].map(([index, code]) => ({ index, code })).sort((one, other) => one.index - other.index)
      : [];
  }

  /** How many items of a fan-out have an output, and how many were given up. */
  itemCounts(step: string): { readonly made: number; readonly failed: number } {
    const log = this.items.get(step);
    return { made: log?.made.size ?? 0, failed: log?.failed.size ?? 0 };
  }

  hasItem(step: string, index: number): boolean {
    const log = this.items.get(step);
    return log !== undefined && (log.made.has(index) || log.failed.has(index));
  }

  private noteItems(step: string, first: number, output: unknown, detail: unknown): void {
    const log = this.items.get(step) ?? { made: new Map(), failed: new Map() };
    this.items.set(step, log);
    const { indexes, failed } = itemsIn(detail);
    for (const [position, each] of (Array.isArray(output) ? (output as unknown[]) : []).entries()) {
      const index = indexes?.[position] ?? first + position;
      log.made.set(index, each);
      // Given up once, and made by a later attempt of the run.
      log.failed.delete(index);
    }
    for (const { index, code } of failed) log.failed.set(index, code);
    for (const index of [...(indexes ?? []), ...failed.map((each) => each.index)])
      this.forget(`${step}/${index}`);
  }

  private noteRetry(key: string, step: string, detail: unknown): void {
    const { retryAt } = (detail ?? {}) as { retryAt?: unknown };
    const notBefore = new Date(typeof retryAt === 'string' ? retryAt : 0);
    const attempts = (this.retries.get(key)?.attempts ?? 0) + 1;
    this.retries.set(key, { attempts, notBefore });
    if (key === step) return;
    const ofStep = this.retriesOfStep.get(step) ?? new Set();
    this.retriesOfStep.set(step, ofStep.add(key));
  }

  private reopen(key: string): void {
    this.closed.delete(key);
    this.items.get(key)?.failed.clear();
    for (const item of this.retriedItems(key)) this.retries.delete(item);
    this.retriesOfStep.delete(key);
    this.retries.delete(key);
  }

  private forget(key: string): void {
    this.retries.delete(key);
    this.retriesOfStep.get(partsOfKey(key).step)?.delete(key);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** Items lie one after the other unless a row says otherwise. */
export function itemsIn(detail: unknown): { indexes: number[] | undefined; failed: FailedItem[] } {
  const { indexes, failed } = (detail ?? {}) as { indexes?: unknown; failed?: unknown };
  return {
    indexes: Array.isArray(indexes) && indexes.every(isCount) ? indexes : undefined,
    failed: Array.isArray(failed) ? failed.filter(isFailedItem) : [],
  };
}

function isFailedItem(value: unknown): value is FailedItem {
  const { index, code } = (value ?? {}) as { index?: unknown; code?: unknown };
  return isCount(index) && typeof code === 'string';
}
