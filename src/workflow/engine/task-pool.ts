/** Tasks of one kind: how many may run at once, and how many may be there without having been committed. */
export interface Lane<Task> {
  readonly tasks: readonly Task[];
  readonly limit: number;
  readonly maxUncommitted: number;
}

interface LaneState<Task> extends Lane<Task> {
  next: number;
  running: number;
  uncommitted: number;
}

interface Options<Task, Result> {
  /** Lanes that may be under way at once. */
  readonly maxLanes: number;
  /** Does a task; gives nothing when it was given up. What it throws is a fault that stops everything. */
  readonly work: (task: Task, signal: AbortSignal) => Promise<Result | undefined>;
  /** Whether new tasks may be started. */
  readonly mayStart: () => boolean;
}

/** Why a task is told to stop whose answer nobody waits for any more. */
const NOT_WANTED = new DOMException('its answer is not wanted any more', 'AbortError');

/** Runs tasks side by side and hands out what has finished, together, while the others go on. */
export class TaskPool<Task, Result> {
  /** The first fault of a task. Nothing is started after it. */
  fault: unknown;
  private readonly lanes: readonly LaneState<Task>[];
  private readonly stop = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly laneOf = new Map<Result, LaneState<Task>>();
  private finished: Result[] = [];
  private failed = false;
  private tell: (() => void) | undefined;

  constructor(
    lanes: readonly Lane<Task>[],
    private readonly options: Options<Task, Result>,
  ) {
    this.lanes = lanes.map((lane) => ({ ...lane, next: 0, running: 0, uncommitted: 0 }));
  }

  /** What has finished since the last call, at least one; nothing when everything is over. */
  async next(): Promise<readonly Result[]> {
    this.fill();
    while (this.finished.length === 0 && this.running.size > 0) {
      await new Promise<void>((resolve) => {
        this.tell = resolve;
      });
    }
    // At the end of the turn, so that what finishes in the same turn goes together.
    if (this.finished.length > 0) await new Promise((resolve) => setImmediate(resolve));
    return this.finished.splice(0);
  }

  /** Whether nothing is under way and nothing would be started once everything is committed. */
  get isIdle(): boolean {
    if (this.running.size > 0 || this.finished.length > 0) return false;
    return !this.goesOn || this.lanes.every((lane) => lane.next >= lane.tasks.length);
  }

  /** Takes note that results are committed: others may take their place. */
  release(results: readonly Result[]): void {
    for (const result of results) {
      const lane = this.laneOf.get(result);
      if (lane) lane.uncommitted -= 1;
      this.laneOf.delete(result);
    }
  }

  /** Runs a task once more, in the place of the one that gave this result. */
  again(result: Result, task: Task): void {
    const lane = this.laneOf.get(result);
    if (lane && this.goesOn) this.start(lane, task);
  }

  /** Stops what is under way and starts nothing any more. */
  cancel(): void {
    // With a reason given, no exception with its stack is made for every run that merely ends.
    this.stop.abort(NOT_WANTED);
  }

  /** Returns when nothing goes on behind the caller's back. */
  async close(): Promise<void> {
    this.cancel();
    await Promise.all(this.running);
  }

  private get goesOn(): boolean {
    return !this.failed && !this.stop.signal.aborted && this.options.mayStart();
  }

  private fill(): void {
    let under = 0;
    for (const lane of this.lanes) {
      if (under >= this.options.maxLanes) return;
      while (this.goesOn && hasRoom(lane)) {
        const task = lane.tasks[lane.next++] as Task;
        this.start(lane, task);
      }
      if (lane.running > 0 || (lane.next > 0 && lane.next < lane.tasks.length)) under += 1;
    }
  }

  private start(lane: LaneState<Task>, task: Task): void {
    lane.running += 1;
    lane.uncommitted += 1;
    const done = this.carryOut(lane, task).finally(() => {
      lane.running -= 1;
      this.running.delete(done);
      this.fill();
      this.tell?.();
    });
    this.running.add(done);
  }

  private async carryOut(lane: LaneState<Task>, task: Task): Promise<void> {
    try {
      const result = await this.options.work(task, this.stop.signal);
      if (result === undefined) {
        lane.uncommitted -= 1;
        return;
      }
      this.laneOf.set(result, lane);
      this.finished.push(result);
    } catch (error) {
      if (!this.failed) this.fault = error;
      this.failed = true;
    }
  }
}

function hasRoom<Task>(lane: LaneState<Task>): boolean {
  return lane.next < lane.tasks.length && lane.running < lane.limit && lane.uncommitted < lane.maxUncommitted;
}
