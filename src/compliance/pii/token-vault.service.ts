import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { Execute } from '../../database/statement.js';
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
import type { SealedEntries } from './vault-rows.js';
import { type StoredToken, type Subject, VaultRepository } from './vault.repository.js';

/** What is to be sealed for one run. */
export interface RunEntries {
  readonly tenantId: string;
  readonly runId: string;
  readonly entries: readonly VaultEntry[];
}

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
   * Seals entries of runs for {@link vaultParts}, making keys for subjects that have none. Keys are looked for once
   * for all of them.
   *
   * @throws AppError VAULT_UNAVAILABLE when a subject's key cannot be unwrapped.
   */
  async seal(execute: Execute, runs: readonly RunEntries[]): Promise<SealedEntries> {
    const groups = runs.filter((run) => run.entries.length > 0);
    if (groups.length === 0) return { keys: [], tokens: [] };
    const subjects = new Map<string, Subject>();
    for (const { tenantId, entries } of groups) {
      for (const { subjectRef } of entries)
        subjects.set(keyName({ tenantId, subjectRef }), { tenantId, subjectRef });
    }
    const keys = new Map<string, SubjectKey>();
    for (const found of await this.repository.findKeysOf(execute, [...subjects.values()])) {
      keys.set(keyName(found), this.unwrap(found.tenantId, found.subjectRef, found.wrappedKey));
    }
    const made = [...subjects]
      .filter(([name]) => !keys.has(name))
      .map(([, subject]) => this.makeKey(subject, keys));
    const tokens = groups.flatMap(({ tenantId, runId, entries }) =>
      entries.map((entry) => {
        const { token, entity, subjectRef, shared } = entry;
        const sealed = sealValue(keyOf(keys, keyName({ tenantId, subjectRef })), tenantId, runId, entry);
        return { tenantId, runId, token, entity, subjectRef, shared, sealed };
      }),
    );
    return { keys: made, tokens };
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

  private makeKey(subject: Subject, keys: Map<string, SubjectKey>): Subject & { wrappedKey: Buffer } {
    const { tenantId, subjectRef } = subject;
    const wrappedKey = createSubjectKey(wrappingKeyOf(this.config.kek, tenantId), tenantId, subjectRef);
    keys.set(keyName(subject), this.unwrap(tenantId, subjectRef, wrappedKey));
    return { ...subject, wrappedKey };
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

function keyOf(keys: ReadonlyMap<string, SubjectKey>, name: string): SubjectKey {
  const key = keys.get(name);
  if (!key) throw new AppError('VAULT_UNAVAILABLE');
  return key;
}

function keyName({ tenantId, subjectRef }: Subject): string {
  return `${tenantId} ${subjectRef}`;
}
