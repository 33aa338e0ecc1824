import { AppError } from '../../kernel/app-error.js';

/** Faults of the same run in a row, in this process, after which it is given up. */
const MAX_FAULTS = 3;
const MAX_RUNS = 10_000;

/** Counts faults that will come again, so that a run nobody can drive ends instead of being tried for ever. */
export class DriveFaults {
  private readonly counts = new Map<string, number>();

  /** Notes a fault of a run; whether the run is to be given up. */
  isLast(runId: string, error: unknown): boolean {
    if (isPassing(error)) return false;
    const count = (this.counts.get(runId) ?? 0) + 1;
    // A process that has met that many broken runs has other troubles than a forgotten count.
    if (this.counts.size >= MAX_RUNS) this.counts.clear();
    this.counts.set(runId, count);
    return count >= MAX_FAULTS;
  }

  clear(runId: string): void {
    this.counts.delete(runId);
  }
}

/** Whether a fault lies outside the run: an unreachable database or vault, a lost connection, a full disk. */
function isPassing(error: unknown): boolean {
  if (error instanceof AppError) {
    // What cannot be brought into canonical form today cannot be tomorrow.
    return error.status === 503 && !(error.cause instanceof TypeError || error.cause instanceof RangeError);
  }
  // Of the codes of a database and its sockets only these speak of the statement itself.
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && !/^(?:22|23|42|CS)/.test(code);
}
