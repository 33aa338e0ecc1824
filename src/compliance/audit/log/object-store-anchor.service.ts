import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { Metrics } from '../../../observability/metrics.js';
import { parseCheckpoint } from '../merkle/checkpoint.js';
import { parseNote } from '../merkle/signed-note.js';
import { LogAnchors } from './log-anchors.service.js';
import { ObjectStore, ObjectStoreFailure } from './object-store.js';
import { type NewestCheckpoint, SequencerRepository } from './sequencer.repository.js';

const NAME = 'object-store';
/** Names sort as sizes do. */
const SIZE_DIGITS = 16;

/**
 * Puts the newest checkpoints into an object store that neither replaces nor deletes them for a time: whoever rewrites
 * the database later, with the signing key or without, cannot rewrite those.
 */
@Injectable()
export class ObjectStoreAnchor {
  private readonly logger = new Logger(ObjectStoreAnchor.name);
  private readonly store: ObjectStore | undefined;
  /** The name last put or found, by log. */
  private readonly taken = new Map<string, string>();
  private readonly conflicting = new Set<string>();

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SequencerRepository,
    private readonly anchors: LogAnchors,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('audit') { objectStore }: AppConfig['audit'],
  ) {
    if (!objectStore) return;
    this.store = new ObjectStore(objectStore);
    anchors.introduce(NAME);
  }

  /** Puts what is new of every log. @throws what a required anchor fails with. */
  async put(): Promise<void> {
    const { store } = this;
    if (!store) return;
    const checkpoints = await this.database.withSequencer((trx) => this.repository.newestCheckpoints(trx));
    await this.anchors.attempt(NAME, this.clock.now(), this.putAll(store, checkpoints));
  }

  /** A fault of one log keeps no other from being put. */
  private async putAll(store: ObjectStore, checkpoints: readonly NewestCheckpoint[]): Promise<void> {
    let fault: unknown;
    for (const checkpoint of checkpoints) {
      try {
        await this.putOne(store, checkpoint);
      } catch (error) {
        fault ??= error;
      }
    }
    if (fault) throw fault;
  }

  private async putOne(store: ObjectStore, checkpoint: NewestCheckpoint): Promise<void> {
    const { origin, size, note } = checkpoint;
    const name = `${origin}/${String(size).padStart(SIZE_DIGITS, '0')}`;
    const before = this.taken.get(origin);
    if (before === name) return;
    // A database that was restored holds less than it once signed. Later on this process knows what it has put itself.
    if (before === undefined && (await store.hasBehind(`${origin}/`, name))) {
      throw this.conflict(checkpoint, 'it holds more of a log than this database');
    }
    if (!(await store.putNew(name, note, this.clock.now())) && !isSameTree(await store.get(name), note)) {
      throw this.conflict(checkpoint, 'it holds another tree of the same size');
    }
    this.taken.set(origin, name);
    this.conflicting.delete(origin);
  }

  private conflict({ tenantId, origin, size }: NewestCheckpoint, reason: string): ObjectStoreFailure {
    if (!this.conflicting.has(origin)) {
      this.conflicting.add(origin);
      this.metrics.auditFaultFound();
      this.logger.fatal({ event: 'audit.object_store_conflict', tenantId, size }, reason);
    }
    return new ObjectStoreFailure(reason);
  }
}

/** Whether two checkpoints are of one tree; they may be signed by other keys. */
function isSameTree(stored: string, note: string): boolean {
  const [one, other] = [stored, note].map((text) => {
    const parsed = parseNote(text);
    return parsed && parseCheckpoint(parsed.text);
  });
  return (
    one !== undefined &&
    other !== undefined &&
    one.origin === other.origin &&
    one.size === other.size &&
    one.rootHash.equals(other.rootHash)
  );
}
