import { Injectable } from '@nestjs/common';
import type { LoadedRun } from './loaded-run.js';

/** A decision that is given at once finds the run still here; originals of tokens shall not lie about for longer. */
const KEEP_MS = 30_000;
const MAX_RUNS = 256;

interface Waiting {
  readonly loaded: LoadedRun;
  readonly until: number;
}

/**
 * Runs that this process has just driven to an approval, so that deciding soon does not read again what is still
 * known. Nothing rests on it: a run that has changed since is refused by its version when it is committed.
 */
@Injectable()
export class WaitingRuns {
  private readonly waiting = new Map<string, Waiting>();

  keep(loaded: LoadedRun): void {
    const now = Date.now();
    // The oldest come first: those are the ones whose time is over.
    for (const [id, { until }] of this.waiting) {
      if (until > now && this.waiting.size < MAX_RUNS) break;
      this.waiting.delete(id);
    }
    this.waiting.set(loaded.run.id, { loaded, until: now + KEEP_MS });
  }

  /** The run, for one caller: it is not here any more afterwards. */
  take(tenantId: string, runId: string): LoadedRun | undefined {
    const found = this.waiting.get(runId);
    if (found?.loaded.run.tenantId !== tenantId) return undefined;
    this.waiting.delete(runId);
    return found.until > Date.now() ? found.loaded : undefined;
  }
}
