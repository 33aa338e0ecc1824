import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { SafeModeCause, SafeModeState } from './safe-mode.js';
import { SafeModeRepository, type StoredSwitch } from './safe-mode.repository.js';

/** How often the switches are read: a change is known to every process well within a second. */
const POLL_MS = 400;
/** What was read longer ago than this is not known any more. */
const STALE_MS = 5_000;
/** How long somebody who needs to know waits for an answer. */
const READ_TIMEOUT_MS = 2_000;

/** Something besides the stored switches that can turn safe mode on, such as a feature flag. */
type SafeModeSource = (tenantId: string) => SafeModeCause | undefined;

/**
 * Whether anything outside may be called. The switches are read again and again; what is asked of them in between costs
 * nothing. When they cannot be read, safe mode is taken for on.
 */
@Injectable()
export class SafeMode implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(SafeMode.name);
  private readonly sources: SafeModeSource[] = [];
  private switches: readonly StoredSwitch[] = [];
  private readAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  /** Whether it was said that the switches cannot be read. */
  private isTold = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: SafeModeRepository,
    private readonly database: DatabaseService,
    @InjectConfig('compliance') config: AppConfig['compliance'],
  ) {
    if (config.safeMode) this.register(() => ({ source: 'configuration', reason: null, since: null }));
  }

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => void this.refresh(), POLL_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.reading;
  }

  /** Adds something that can turn safe mode on. It can never turn it off. */
  register(source: SafeModeSource): void {
    this.sources.push(source);
  }

  /** Whether nothing outside may be called for a tenant, by what was read last. */
  isOn(tenantId: string): boolean {
    return this.stateOf(tenantId).enabled;
  }

  /**
   * The same for somebody who is about to call: a process that was too busy to look for a while looks now, and goes
   * without an answer only when the database does not give one.
   */
  async isOnNow(tenantId: string): Promise<boolean> {
    if (this.isStale) await Promise.race([this.refresh(), after(READ_TIMEOUT_MS)]);
    return this.isOn(tenantId);
  }

  /** What holds for a tenant, and why. */
  stateOf(tenantId: string): SafeModeState {
    const stored = this.switches.filter((each) => each.scope === 'instance' || each.tenantId === tenantId);
    const causes = [
      ...this.sources.flatMap((source) => source(tenantId) ?? []),
      ...stored.map(({ scope, reason, changedAt }) => ({ source: scope, reason, since: changedAt })),
      ...(this.isStale ? [UNKNOWN] : []),
    ];
    return { enabled: causes.length > 0, causes };
  }

  /** How many tenants are in safe mode by a switch of their own, and whether the instance is. */
  get extent(): { readonly instance: boolean; readonly tenants: number; readonly isKnown: boolean } {
    const tenants = this.switches.filter(({ scope }) => scope === 'tenant').length;
    const instance =
      this.switches.length > tenants || this.sources.some((source) => source('') !== undefined);
    return { instance, tenants, isKnown: !this.isStale };
  }

  /** Reads the switches. Never throws: what cannot be read grows stale. */
  refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  /** Reads what has just been changed: a reading under way may have begun before that. */
  async reread(): Promise<void> {
    await this.reading;
    await this.refresh();
  }

  private async read(): Promise<void> {
    try {
      this.switches = await this.repository.enabled(this.database.asEngine);
      this.readAt = performance.now();
      this.isTold = false;
    } catch (error) {
      // Once is enough: it is tried again several times a second.
      if (!this.isStale || this.isTold) return;
      this.isTold = true;
      this.logger.error(
        { event: 'safe_mode.unreadable', err: error },
        'the switches of safe mode cannot be read: it is taken for on',
      );
    }
  }

  private get isStale(): boolean {
    return performance.now() - this.readAt > STALE_MS;
  }
}

const UNKNOWN: SafeModeCause = { source: 'unknown', reason: null, since: null };

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
