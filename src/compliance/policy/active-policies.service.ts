import { Injectable } from '@nestjs/common';
import { BatchedRead } from '../../database/batched-read.js';
import { DatabaseService } from '../../database/database.service.js';
import { type ActiveRow, PolicyRepository } from './policy.repository.js';

/** What a run is started under, and keeps. */
export interface PolicyPin {
  readonly version: number;
  /** The activation by which the version held; 0 = nobody has activated anything. */
  readonly activation: number;
}

interface Active extends PolicyPin {
  /** The newest activation that reaches runs under way. */
  readonly reaching: PolicyPin;
}

const NOTHING: PolicyPin = { version: 0, activation: 0 };

/** How long what was read may be relied on: the time in which an activation reaches every process. */
const FRESH_MS = 1_000;
const MAX_TENANTS = 10_000;

/**
 * Which version of policies holds for a tenant. Read at most once a second for a tenant, together with other tenants;
 * a process that activates something knows at once.
 */
@Injectable()
export class ActivePolicies {
  private readonly reads: BatchedRead<string, ActiveRow>;
  private readonly known = new Map<string, { readonly active: Promise<Active>; readonly until: number }>();

  constructor(database: DatabaseService) {
    this.reads = new BatchedRead(database.asEngine, PolicyRepository.ACTIVE);
  }

  /** What a run that starts now is started under. */
  async now(tenantId: string): Promise<PolicyPin> {
    const { version, activation } = await this.active(tenantId);
    return { version, activation };
  }

  /** The version that holds for a run: the one it was started under, unless a later activation reaches runs under way. */
  async versionFor(tenantId: string, pin: PolicyPin): Promise<number> {
    const { reaching } = await this.active(tenantId);
    return reaching.activation > pin.activation ? reaching.version : pin.version;
  }

  /** To be called when another version was activated. */
  forget(tenantId: string): void {
    this.known.delete(tenantId);
  }

  private active(tenantId: string): Promise<Active> {
    const now = performance.now();
    const known = this.known.get(tenantId);
    if (known && known.until > now) return known.active;
    if (this.known.size >= MAX_TENANTS) this.known.clear();
    const active = this.read(tenantId);
    const entry = { active, until: now + FRESH_MS };
    this.known.set(tenantId, entry);
    // What could not be read is asked again by the next.
    active.catch(() => {
      if (this.known.get(tenantId) === entry) this.known.delete(tenantId);
    });
    return active;
  }

  private async read(tenantId: string): Promise<Active> {
    const [row] = await this.reads.ask(tenantId);
    if (!row) return { ...NOTHING, reaching: NOTHING };
    const { number, version, all_number: reachingNumber, all_version: reachingVersion } = row;
    const reaching =
      reachingNumber === null || reachingVersion === null
        ? NOTHING
        : { version: reachingVersion, activation: reachingNumber };
    return { version, activation: number, reaching };
  }
}
