import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { deriveKey, pseudonym } from '../../kernel/sealing.js';
import type { VaultEntry } from './operators/tokenizer.js';
import {
  createSubjectKey,
  openValue,
  sealValue,
  type SubjectKey,
  unwrapSubjectKey,
  wrappingKeyOf,
} from './subject-keys.js';
import { type StoredToken, VaultRepository, type WrappedKey } from './vault.repository.js';

/** Rows per statement: large enough that 10,000 recipients take a handful, small enough for a message. */
const CHUNK_ROWS = 5_000;

/**
 * Where the originals of tokens lie: each value sealed with its subject's own key, each key wrapped by the
 * instance's key. Without a subject's key nothing of theirs can be read again, backups included.
 */
@Injectable()
export class TokenVault {
  constructor(
    private readonly repository: VaultRepository,
    @InjectConfig('vault') private readonly config: AppConfig['vault'],
  ) {}

  /**
   * Stores entries of a run, making keys for subjects that have none. An entry that is there already stays as it
   * is, except that it becomes shared when it is given as shared.
   *
   * @throws AppError VAULT_UNAVAILABLE when a subject's key cannot be unwrapped.
   */
  async seal(trx: Trx, tenantId: string, runId: string, entries: readonly VaultEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const subjectRefs = [...new Set(entries.map((entry) => entry.subjectRef))];
    const keys = await this.keysFor(trx, tenantId, subjectRefs);
    for (const chunk of chunksOf(entries)) {
      const rows = chunk.map((entry) => {
        const { token, entity, subjectRef, shared } = entry;
        const sealed = sealValue(keyOf(keys, subjectRef), tenantId, runId, entry);
        return { token, entity, subjectRef, shared, sealed };
      });
      const added = await this.repository.insertTokens(trx, tenantId, runId, rows);
      const toShare = rows.filter((row) => row.shared && !added.has(row.token)).map((row) => row.token);
      if (toShare.length > 0) await this.repository.shareTokens(trx, runId, toShare);
    }
  }

  /**
   * Reads the entries of a run, or those of the tokens given. Values whose key was destroyed are left out.
   *
   * @throws AppError VAULT_UNAVAILABLE when a value or a key was changed, or belongs to another instance's key.
   */
  async open(trx: Trx, tenantId: string, runId: string, tokens?: readonly string[]): Promise<VaultEntry[]> {
    if (tokens?.length === 0) return [];
    const rows = await this.repository.findTokens(trx, tenantId, runId, tokens);
    const keys = new Map<string, SubjectKey>();
    return rows.flatMap((row) => this.openRow(tenantId, runId, row, keys) ?? []);
  }

  /** The pseudonym of a person, by e-mail address: the same in all runs of a tenant, and in no other tenant. */
  subjectRefOf(tenantId: string, email: string): string {
    return `sub_${pseudonym(this.subjectRefKey(tenantId), email.trim().normalize('NFC').toLowerCase())}`;
  }

  /** The subject of values found in a run that belong to nobody known. */
  runSubjectRef(runId: string): string {
    return `run_${runId}`;
  }

  private async keysFor(
    trx: Trx,
    tenantId: string,
    subjectRefs: readonly string[],
  ): Promise<ReadonlyMap<string, SubjectKey>> {
    const keys = new Map<string, SubjectKey>();
    for (const chunk of chunksOf(subjectRefs)) {
      this.unwrapInto(keys, tenantId, await this.repository.findKeys(trx, tenantId, chunk));
      const missing = chunk.filter((subjectRef) => !keys.has(subjectRef));
      if (missing.length === 0) continue;
      const wrappingKey = wrappingKeyOf(this.config.kek, tenantId);
      const created = missing.map((subjectRef) => ({
        subjectRef,
        wrappedKey: createSubjectKey(wrappingKey, tenantId, subjectRef),
      }));
      await this.repository.insertKeys(trx, tenantId, created);
      // Another transaction may have been first with a key for the same person: what stands there counts.
      this.unwrapInto(keys, tenantId, await this.repository.findKeys(trx, tenantId, missing));
    }
    return keys;
  }

  private unwrapInto(keys: Map<string, SubjectKey>, tenantId: string, wrapped: readonly WrappedKey[]): void {
    for (const { subjectRef, wrappedKey } of wrapped) {
      keys.set(subjectRef, this.unwrap(tenantId, subjectRef, wrappedKey));
    }
  }

  private unwrap(tenantId: string, subjectRef: string, wrapped: Buffer): SubjectKey {
    return guarded(() =>
      unwrapSubjectKey(wrappingKeyOf(this.config.kek, tenantId), tenantId, subjectRef, wrapped),
    );
  }

  private openRow(
    tenantId: string,
    runId: string,
    row: StoredToken,
    keys: Map<string, SubjectKey>,
  ): VaultEntry | undefined {
    const { token, entity, subjectRef, shared, wrappedKey } = row;
    if (!wrappedKey) return undefined;
    const key = keys.get(subjectRef) ?? this.unwrap(tenantId, subjectRef, wrappedKey);
    keys.set(subjectRef, key);
    const value = guarded(() => openValue(key, tenantId, runId, token, row.sealed));
    return value === undefined ? undefined : { token, entity, subjectRef, value, shared };
  }

  private subjectRefKey(tenantId: string): Buffer {
    return deriveKey(this.config.kek, 'subject-ref', tenantId);
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new AppError('VAULT_UNAVAILABLE', { cause });
  }
}

function keyOf(keys: ReadonlyMap<string, SubjectKey>, subjectRef: string): SubjectKey {
  const key = keys.get(subjectRef);
  if (!key) throw new AppError('VAULT_UNAVAILABLE');
  return key;
}

function* chunksOf<T>(items: readonly T[]): Generator<T[]> {
  for (let start = 0; start < items.length; start += CHUNK_ROWS) yield items.slice(start, start + CHUNK_ROWS);
}
