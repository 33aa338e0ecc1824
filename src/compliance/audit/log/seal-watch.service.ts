import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { Wake } from '../../../jobs/wake.js';
import type { TenantQueue } from './sequencer.repository.js';

/** From this age of the backlog on, health says so. */
const WARNING_MS = 5_000;

/**
 * What this process knows of how sealing goes, kept in memory so that an append asks for it at no cost. An event's wait
 * is measured from when it was first seen waiting: clocks of other machines do not matter.
 */
@Injectable()
export class SealWatch {
  /** Ends the sleep of this process's sequencer. */
  readonly wake = new Wake();
  private readonly waiting = new Map<string, { seq: number; sinceMs: number }>();
  private readonly stops = new Map<string, string>();
  private observedMs: number | undefined;
  private oldestMs: number | undefined;

  constructor(@InjectConfig('audit') private readonly config: AppConfig['audit']) {}

  /** How long the oldest event had been waiting at the last look, in milliseconds. */
  get backlogMs(): number {
    return this.observedMs === undefined || this.oldestMs === undefined ? 0 : this.observedMs - this.oldestMs;
  }

  /** Whether nothing may be recorded any more: events wait too long, or nobody has looked for as long. */
  get isOverdue(): boolean {
    if (this.observedMs === undefined) return false;
    return (
      this.backlogMs > this.config.maxSealDelayMs ||
      performance.now() - this.observedMs > this.config.maxSealDelayMs
    );
  }

  get isSlow(): boolean {
    return this.backlogMs > WARNING_MS;
  }

  /** Why logs stand still, by tenant. */
  get stopped(): ReadonlyMap<string, string> {
    return this.stops;
  }

  /** Takes note of the queues as they stand now. */
  observe(queues: readonly TenantQueue[]): void {
    const nowMs = performance.now();
    const seen = new Set(queues.map(({ tenantId }) => tenantId));
    for (const tenantId of this.waiting.keys()) if (!seen.has(tenantId)) this.waiting.delete(tenantId);
    for (const { tenantId, oldestSeq } of queues) {
      if (this.waiting.get(tenantId)?.seq !== oldestSeq) {
        this.waiting.set(tenantId, { seq: oldestSeq, sinceMs: nowMs });
      }
    }
    this.observedMs = nowMs;
    this.oldestMs = [...this.waiting.values()].reduce<number | undefined>(
      (oldest, { sinceMs }) => (oldest === undefined ? sinceMs : Math.min(oldest, sinceMs)),
      undefined,
    );
  }

  /** A log must not go on. */
  stop(tenantId: string, reason: string): void {
    this.stops.set(tenantId, reason);
  }

  /** A log has gone on. */
  resume(tenantId: string): void {
    this.stops.delete(tenantId);
  }
}
