import { Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { Metrics } from '../../../observability/metrics.js';
import type { CheckpointBody } from '../merkle/checkpoint.js';
import { FileAnchor } from './file-anchor.js';
import type { StoredCheckpoint } from './log-state.js';

/** How an anchor does. */
export interface AnchorState {
  readonly name: string;
  /** Whether nothing is sealed without it. */
  readonly required: boolean;
  readonly failing: boolean;
  /** When it last took a checkpoint; absent before the first. */
  readonly lastAnchoredAt?: Date;
}

/** Which cosignatures a verifier should ask for. */
export interface WitnessPolicy {
  readonly vkeys: readonly string[];
  /** How many of them must have signed. */
  readonly quorum: number;
}

/** The places outside the database that hold checkpoints. */
@Injectable()
export class LogAnchors {
  private readonly logger = new Logger(LogAnchors.name);
  private readonly file: FileAnchor | undefined;
  private readonly known = new Map<string, AnchorState>();

  constructor(
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
    private readonly metrics: Metrics,
  ) {
    this.file = config.anchorFolder === undefined ? undefined : new FileAnchor(config.anchorFolder);
    if (this.file) this.introduce('file');
  }

  get states(): readonly AnchorState[] {
    return [...this.known.values()];
  }

  /** Whom a verifier should ask for, and how many of them must have cosigned. */
  get witnessPolicy(): WitnessPolicy {
    const { witnesses, witnessQuorum } = this.config;
    return {
      vkeys: witnesses.map((witness) => witness.split(' ')[0] ?? ''),
      quorum: witnessQuorum ?? witnesses.length,
    };
  }

  /** Whether an anchor that must not fail does. */
  get isBlocked(): boolean {
    return this.states.some(({ required, failing }) => required && failing);
  }

  /** What the file last took of a tenant's log; undefined also while it cannot be read and need not be. */
  async latest(tenantId: string): Promise<CheckpointBody | undefined> {
    if (!this.file) return undefined;
    try {
      return await this.file.latest(tenantId);
    } catch (error) {
      this.failed('file', error);
      return undefined;
    }
  }

  /** Hands a signed checkpoint to the file, before it is stored. @throws what a required anchor fails with. */
  async take({ tenantId, note, createdAt }: StoredCheckpoint): Promise<void> {
    if (this.file) await this.attempt('file', createdAt, this.file.append(tenantId, note, createdAt));
  }

  introduce(name: string): void {
    const required = this.config.requiredAnchors.includes(name);
    this.known.set(name, { name, required, failing: false });
  }

  /** Waits for an anchor and remembers how it did. @throws what a required anchor fails with. */
  async attempt(name: string, at: Date, work: Promise<void>): Promise<void> {
    try {
      await work;
      this.known.set(name, { ...(this.known.get(name) as AnchorState), failing: false, lastAnchoredAt: at });
    } catch (error) {
      this.failed(name, error);
    }
  }

  private failed(name: string, error: unknown): void {
    const state = this.known.get(name) as AnchorState;
    if (!state.failing) {
      this.logger.error(
        { event: 'audit.anchor_failed', anchor: name, err: error },
        'an anchor takes nothing',
      );
    }
    this.known.set(name, { ...state, failing: true });
    this.metrics.anchorFailed();
    if (state.required) throw error;
  }
}
