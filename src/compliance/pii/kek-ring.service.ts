import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { AppError } from '../../kernel/app-error.js';
import { deriveKey, pseudonym } from '../../kernel/sealing.js';
import { EpochFiles } from './epoch-files.js';

/** A key that wraps the keys of subjects. */
export interface WrappingKek {
  /** Null = the instance's own key, which has no end. */
  readonly id: string | null;
  readonly since: Date | null;
}

/**
 * The keys that wrap the keys of subjects. Beside the instance's own key, which lasts, there is one for each epoch:
 * when it ends, living keys are wrapped anew and the old key is destroyed, so that no copy of the database made before
 * can be opened any more. Epoch keys are files of the instance, or given by the configuration and then turned by the
 * operator.
 */
@Injectable()
export class KekRing {
  private readonly files: EpochFiles | undefined;
  private readonly configured: ReadonlyMap<string, Buffer>;
  private readonly derived = new Map<string, Buffer>();

  constructor(
    @InjectConfig('vault') private readonly config: AppConfig['vault'],
    @InjectConfig('instance') instance: AppConfig['instance'],
  ) {
    this.files = config.kekSource === 'file' ? new EpochFiles(instance.dataDir) : undefined;
    const given = [config.epochKek, config.previousEpochKek].filter((key) => key !== undefined);
    this.configured = new Map(given.map((key) => [idOf(key), key]));
  }

  /** The key to wrap with now; made when the instance makes its own and has none. */
  current(): WrappingKek {
    if (this.files) return this.files.newest();
    const [id] = this.configured.keys();
    return { id: id ?? null, since: null };
  }

  /** Whether the instance turns its keys by itself. */
  get isOwn(): boolean {
    return this.files !== undefined;
  }

  /** Starts an epoch. What was wrapped before is to be wrapped anew, and the old keys destroyed then. */
  startEpoch(): WrappingKek {
    if (!this.files) throw new TypeError('the keys of this instance are turned by its operator');
    return this.files.add();
  }

  /** Epochs before the present one whose keys are still there. */
  past(): readonly WrappingKek[] {
    return this.files?.all().slice(0, -1) ?? [];
  }

  /** Destroys the key of a past epoch. */
  destroy(id: string): void {
    this.files?.destroy(id);
    for (const name of this.derived.keys()) if (name.startsWith(`${id} `)) this.derived.delete(name);
  }

  /** When a key that wraps today will be gone, so that copies of the database are unreadable; null = not known. */
  endOf(id: string | null): Date | null {
    const since = id === null ? undefined : this.files?.all().find((epoch) => epoch.id === id)?.since;
    return since ? new Date(since.getTime() + this.config.epochDays * DAY_MS) : null;
  }

  /** The key that wraps keys of a tenant's subjects. @throws AppError VAULT_UNAVAILABLE when it is not there. */
  wrappingKey(id: string | null, tenantId: string): Buffer {
    const name = `${id ?? ''} ${tenantId}`;
    let key = this.derived.get(name);
    if (!key) {
      key = this.derive(id, tenantId);
      this.derived.set(name, key);
    }
    return key;
  }

  private derive(id: string | null, tenantId: string): Buffer {
    if (id === null) return deriveKey(this.config.kek, 'vault', tenantId);
    const epoch = this.configured.get(id) ?? this.files?.read(id);
    if (!epoch)
      throw new AppError('VAULT_UNAVAILABLE', { detail: 'The key of an epoch of the vault is missing.' });
    return deriveKey(Buffer.concat([this.config.kek, epoch]), 'vault-epoch', tenantId);
  }
}

const DAY_MS = 86_400_000;

/** By what a configured key is known; tells nothing of the key. */
function idOf(key: Buffer): string {
  return `config-${pseudonym(key, 'kek-id').slice(0, 16)}`;
}
