import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import type { Trx } from '../../../database/trx.js';
import { AppError } from '../../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { HASH_BYTES } from '../merkle/hash.js';
import { consistencyPath, inclusionPath } from '../merkle/proof-paths.js';
import type { LeafRange } from '../merkle/subtrees.js';
import type { NamedTile } from '../merkle/tile-path.js';
import { TileSet, tilesFor } from '../merkle/tiles.js';
import type { InclusionProof, PlaceProof } from './inclusion-proof.js';
import { InclusionProofs } from './inclusion-proofs.service.js';
import { type AnchorState, LogAnchors, type WitnessPolicy } from './log-anchors.service.js';
import { LogCheckpointer } from './log-checkpointer.service.js';
import { LogKeys } from './log-keys.service.js';
import { LogSealer } from './log-sealer.service.js';
import { type StoredCheckpoint, SYSTEM_LOG_TENANT_ID } from './log-state.js';
import { LogRepository, type StoredEvent } from './log.repository.js';
import { SelfCheckRepository, type SelfCheckState } from './self-check.repository.js';

/** Shows that the tree of a stored checkpoint continues a smaller one. */
export interface ConsistencyProof {
  readonly from: number;
  readonly to: number;
  readonly proof: readonly Buffer[];
  readonly checkpoint: StoredCheckpoint;
}

/** The checkpoints around a span of time. */
export interface LogSpan {
  /** The newest from before it began, or else the oldest there is. */
  readonly first: StoredCheckpoint;
  /** The oldest from after its end, or else the newest there is. */
  readonly last: StoredCheckpoint;
  /** That the last continues the first; undefined when the log was opened anew in between. */
  readonly proof: readonly Buffer[] | undefined;
}

/** What a log is, and how it stands. */
export interface LogInfo {
  readonly logId: string;
  readonly origin: string;
  readonly epoch: number;
  /** The names of all epochs, oldest first. */
  readonly origins: readonly string[];
  /** Verifier keys of the log, the current one first. */
  readonly vkeys: readonly string[];
  /** The key that says when an idle log was last looked at. */
  readonly cosignerVkey: string;
  /** Leaves sealed. */
  readonly size: number;
  /** Leaves that a checkpoint covers. */
  readonly checkpointSize: number;
  /** When that one was signed; absent before the first. */
  readonly checkpointAt?: Date | undefined;
  readonly minimumIndex: number;
  /** Events that wait for their place. */
  readonly pending: number;
  readonly sealLagMs: number;
  readonly anchors: readonly AnchorState[];
  readonly witnesses: WitnessPolicy;
  /** What the trail's own check has found; null before the first. */
  readonly selfCheck: SelfCheckState | null;
}

/** The transparency log over the audit trail of a tenant: checkpoints, and proofs that reach them. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly database: DatabaseService,
    private readonly logs: LogRepository,
    private readonly proofs: InclusionProofs,
    private readonly checks: SelfCheckRepository,
    private readonly sealer: LogSealer,
    private readonly checkpointer: LogCheckpointer,
    private readonly keys: LogKeys,
    private readonly anchors: LogAnchors,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The newest checkpoint; undefined before the first. */
  checkpoint(tenantId: string): Promise<StoredCheckpoint | undefined> {
    return this.database.withTenant(tenantId, (trx) => this.logs.checkpoint(trx, tenantId));
  }

  /**
   * Proves that an event stands in the log.
   *
   * @param treeSize size of a stored checkpoint; the newest when absent.
   * @returns `pending` while no checkpoint covers the event, undefined when there is no such event.
   * @throws AppError AUDIT_RETENTION_PASSED, AUDIT_CHECKPOINT_NOT_FOUND
   */
  inclusion(
    tenantId: string,
    eventId: string,
    treeSize?: number,
  ): Promise<InclusionProof | 'pending' | undefined> {
    return this.database.withTenant(tenantId, async (trx) => {
      const proof = await this.proofs.prove(trx, tenantId, { eventId }, treeSize);
      if (proof === undefined || proof === 'pending') return proof;
      const { leaf } = proof;
      if (!leaf) throw await this.retentionPassed(trx, tenantId);
      return { ...proof, leaf };
    });
  }

  /**
   * Proves which leaf hash stands at a place of the log, whether or not the leaf is still there.
   *
   * @returns `pending` while no checkpoint covers the place, undefined when nothing is sealed there.
   * @throws AppError AUDIT_CHECKPOINT_NOT_FOUND
   */
  inclusionAt(
    tenantId: string,
    index: number,
    treeSize?: number,
  ): Promise<PlaceProof | 'pending' | undefined> {
    return this.database.withTenant(tenantId, (trx) => this.proofs.prove(trx, tenantId, { index }, treeSize));
  }

  /**
   * Proves that the tree of size `to` continues that of size `from`.
   *
   * @param to size of a stored checkpoint.
   * @throws AppError AUDIT_CHECKPOINT_NOT_FOUND, VALIDATION_FAILED when `from` is not between 1 and `to`.
   */
  consistency(tenantId: string, from: number, to: number): Promise<ConsistencyProof> {
    if (from < 1 || from > to) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ path: 'from', message: 'must be from 1 to `to`' }],
      });
    }
    return this.database.withTenant(tenantId, async (trx) => {
      const checkpoint = await this.checkpointOf(trx, tenantId, to);
      const proof = await this.hashes(trx, tenantId, consistencyPath(from, to));
      return { from, to, proof, checkpoint };
    });
  }

  /** The checkpoints around a span of time, with proof that the log has only grown; undefined before the first. */
  span(tenantId: string, from: Date, to: Date): Promise<LogSpan | undefined> {
    return this.database.withTenant(tenantId, async (trx) => {
      const [first, last] = await this.logs.checkpointsAround(trx, tenantId, from, to);
      if (!first || !last) return undefined;
      const isOneLog = first.epoch === last.epoch && first.size <= last.size;
      const proof = isOneLog
        ? await this.hashes(trx, tenantId, consistencyPath(first.size, last.size))
        : undefined;
      return { first, last, proof };
    });
  }

  /**
   * Proves that events stand in the log, all against one checkpoint and with one read of each kind, however many there
   * are. The caller keeps their number bounded.
   *
   * @param treeSize size of a stored checkpoint.
   * @returns a proof for each event that the checkpoint covers, by index; the others are left out.
   * @throws AppError AUDIT_RETENTION_PASSED, AUDIT_CHECKPOINT_NOT_FOUND
   */
  inclusions(tenantId: string, eventIds: readonly string[], treeSize: number): Promise<InclusionProof[]> {
    return this.database.withTenant(tenantId, async (trx) => {
      const checkpoint = await this.checkpointOf(trx, tenantId, treeSize);
      const events = await this.logs.eventsByIds(trx, tenantId, eventIds, treeSize);
      const paths = events.map(({ index }) => inclusionPath(index, treeSize));
      const tiles = new TileSet(await this.logs.tiles(trx, tenantId, tilesFor(paths.flat())));
      if (events.some(({ leaf }) => !leaf)) throw await this.retentionPassed(trx, tenantId);
      return events.map(({ eventId, index, leafHash, leaf }, at) => ({
        eventId,
        index,
        leafHash,
        leaf: leaf as Buffer,
        proof: (paths[at] ?? []).map((range) => tiles.hashOf(range)),
        checkpoint,
      }));
    });
  }

  /**
   * Proves that the log of the instance holds where a tenant's log stood.
   *
   * @returns undefined before it was recorded there, `pending` while no checkpoint of that log covers it.
   */
  async recordedInclusion(tenantId: string): Promise<InclusionProof | 'pending' | undefined> {
    const eventId = await this.database.withTenant(tenantId, (trx) => this.logs.recordedEvent(trx, tenantId));
    return eventId === undefined ? undefined : this.inclusion(SYSTEM_LOG_TENANT_ID, eventId);
  }

  /** One record, sealed or not. @throws AppError AUDIT_EVENT_NOT_FOUND, AUDIT_RETENTION_PASSED */
  event(tenantId: string, eventId: string): Promise<StoredEvent> {
    return this.database.withTenant(tenantId, async (trx) => {
      const event = await this.logs.storedEvent(trx, tenantId, eventId);
      if (event) return event;
      const place = await this.logs.eventById(trx, tenantId, eventId);
      throw place ? await this.retentionPassed(trx, tenantId) : new AppError('AUDIT_EVENT_NOT_FOUND');
    });
  }

  /** The hashes of a tile; undefined unless that many are sealed. */
  tile(tenantId: string, { level, index, width }: NamedTile): Promise<Buffer | undefined> {
    return this.database.withTenant(tenantId, async (trx) => {
      const [tile] = await this.logs.tiles(trx, tenantId, [{ level, index }]);
      const bytes = width * HASH_BYTES;
      return tile && tile.hashes.length >= bytes ? tile.hashes.subarray(0, bytes) : undefined;
    });
  }

  /** @throws AppError AUDIT_LOG_EMPTY before the first event is sealed. */
  info(tenantId: string): Promise<LogInfo> {
    return this.database.withTenant(tenantId, async (trx) => {
      const head = await this.logs.head(trx, tenantId);
      if (!head) throw new AppError('AUDIT_LOG_EMPTY');
      const checkpoint = await this.logs.checkpoint(trx, tenantId);
      const { pending, oldest } = await this.logs.backlog(trx, tenantId);
      return {
        logId: head.logId,
        origin: head.origin,
        epoch: head.epoch,
        origins: [...new Set([...(await this.logs.origins(trx, tenantId)), head.origin])],
        vkeys: this.keys.verifierKeys(head.origin),
        cosignerVkey: this.keys.cosignerKey,
        size: head.size,
        checkpointSize: checkpoint?.size ?? 0,
        checkpointAt: checkpoint?.createdAt,
        minimumIndex: head.minimumIndex,
        pending,
        sealLagMs: oldest ? Math.max(0, this.clock.now().getTime() - oldest.getTime()) : 0,
        anchors: this.anchors.states,
        witnesses: this.anchors.witnessPolicy,
        selfCheck: (await this.checks.state(trx, tenantId)) ?? null,
      };
    });
  }

  /** Seals everything recorded so far and signs the result. @throws LogStopped */
  async seal(tenantId: string): Promise<void> {
    await this.sealer.sealAll(tenantId);
    await this.checkpointer.checkpointNow(tenantId);
  }

  private async checkpointOf(trx: Trx, tenantId: string, size: number): Promise<StoredCheckpoint> {
    const checkpoint = await this.logs.checkpoint(trx, tenantId, size);
    if (!checkpoint) throw new AppError('AUDIT_CHECKPOINT_NOT_FOUND');
    return checkpoint;
  }

  private async hashes(trx: Trx, tenantId: string, path: readonly LeafRange[]): Promise<Buffer[]> {
    const tiles = new TileSet(await this.logs.tiles(trx, tenantId, tilesFor(path)));
    return path.map((range) => tiles.hashOf(range));
  }

  private async retentionPassed(trx: Trx, tenantId: string): Promise<AppError> {
    const head = await this.logs.head(trx, tenantId);
    return new AppError('AUDIT_RETENTION_PASSED', { members: { minimumIndex: head?.minimumIndex ?? 0 } });
  }
}
