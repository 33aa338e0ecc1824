import { Injectable } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { Execute } from '../../database/statement.js';
import type { Trx } from '../../database/trx.js';
import { within } from '../../database/within.js';
import { AppError } from '../../kernel/app-error.js';
import { deriveKey, pseudonym } from '../../kernel/sealing.js';
import type { VaultEntry } from './operators/tokenizer.js';
import { KekRing } from './kek-ring.service.js';
import {
  createSubjectKey,
  openText,
  openValue,
  rewrapSubjectKey,
  sealText,
  sealValue,
  type SubjectKey,
  unwrapSubjectKey,
} from './subject-keys.js';
import type { SealedEntries } from './vault-rows.js';
import { type StoredToken, VaultRepository } from './vault.repository.js';
import type { Subject, WrappedKey } from './wrapped-key.js';

/** A text that belongs to a subject and is kept outside the vault; the place is what it is bound to. */
export interface SubjectText {
  readonly subjectRef: string;
  readonly text: string | Buffer;
  readonly place: string;
}

/** The same once sealed. */
export interface SealedText {
  readonly subjectRef: string;
  readonly sealed: Buffer;
  readonly place: string;
}

const ITEMS_PER_TURN = 500;

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
    private readonly keks: KekRing,
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
      keys.set(keyName(found), this.unwrap(found));
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

  /**
   * Seals texts under their subjects' keys, making keys for subjects that have none.
   *
   * @throws AppError VAULT_UNAVAILABLE when a subject's key cannot be unwrapped.
   */
  async sealTexts(trx: Trx, tenantId: string, texts: readonly SubjectText[]): Promise<Buffer[]> {
    const keys = await this.keysWithin(trx, tenantId, new Set(texts.map(({ subjectRef }) => subjectRef)));
    const sealed: Buffer[] = [];
    for (const { subjectRef, text, place } of texts) {
      if (sealed.length > 0 && sealed.length % ITEMS_PER_TURN === 0) await nextTurn();
      sealed.push(sealText(keyOf(keys, keyName({ tenantId, subjectRef })), text, place));
    }
    return sealed;
  }

  /**
   * Opens what {@link sealTexts} has sealed; undefined where the key was destroyed.
   *
   * @throws AppError VAULT_UNAVAILABLE when the bytes were changed, or belong to another instance's key.
   */
  async openTexts(trx: Trx, tenantId: string, texts: readonly SealedText[]): Promise<(Buffer | undefined)[]> {
    const refs = [...new Set(texts.map(({ subjectRef }) => subjectRef))];
    const subjects = refs.map((subjectRef) => ({ tenantId, subjectRef }));
    const found = refs.length === 0 ? [] : await this.repository.findKeysOf(within(trx), subjects);
    const keys = new Map(found.map((key) => [key.subjectRef, this.unwrap(key)]));
    return texts.map(({ subjectRef, sealed, place }) => {
      const key = keys.get(subjectRef);
      return key && guarded(() => openText(key, sealed, place));
    });
  }

  /** Whether a subject has a key that was not destroyed: whether anything of theirs is sealed. */
  async hasKey(trx: Trx, tenantId: string, subjectRef: string): Promise<boolean> {
    return (await this.repository.findKeysOf(within(trx), [{ tenantId, subjectRef }])).length > 0;
  }

  /** Values of a subject in all runs, by run and token, from a place on; those that cannot be read are left out. */
  async valuesOf(
    trx: Trx,
    tenantId: string,
    subjectRef: string,
    after: { readonly runId: string; readonly token: string } | undefined,
    limit: number,
  ): Promise<{ values: (VaultEntry & { runId: string })[]; last: typeof after }> {
    const rows = await this.repository.valuesOf(trx, tenantId, subjectRef, after, limit);
    const keys = new Map<string, SubjectKey>();
    const values = rows.flatMap((row) => {
      const entry = this.openRow(tenantId, row.runId, row, keys);
      return entry ? [{ ...entry, runId: row.runId }] : [];
    });
    const last = rows.length < limit ? undefined : rows.at(-1);
    return { values, last: last && { runId: last.runId, token: last.token } };
  }

  /** A subject's key wrapped by another one. @throws AppError VAULT_UNAVAILABLE when it cannot be unwrapped. */
  wrapAnew({ tenantId, subjectRef, wrappedKey, kekId }: WrappedKey, by: string): WrappedKey {
    const [from, to] = [this.keks.wrappingKey(kekId, tenantId), this.keks.wrappingKey(by, tenantId)];
    const wrapped = guarded(() => rewrapSubjectKey(from, to, tenantId, subjectRef, wrappedKey));
    return { tenantId, subjectRef, wrappedKey: wrapped, kekId: by };
  }

  /**
   * Destroys the key of a subject: what was sealed with it can never be read again. For `withRetention`.
   *
   * @returns which key had wrapped it; undefined when there was none to destroy.
   */
  destroyKey(trx: Trx, subjectRef: string, at: Date): Promise<{ kekId: string | null } | undefined> {
    return this.repository.destroyKey(trx, subjectRef, at);
  }

  /** Removes values of a subject, at most `limit`; answers how many. For `withRetention`. */
  removeValues(trx: Trx, tenantId: string, subjectRef: string, limit: number): Promise<number> {
    return this.repository.removeValues(trx, tenantId, subjectRef, limit);
  }

  /** The pseudonym of a person, by e-mail address: the same in all runs of a tenant, and in no other tenant. */
  subjectRefOf(tenantId: string, email: string): string {
    return `sub_${pseudonym(this.subjectRefKey(tenantId), email.trim().normalize('NFC').toLowerCase())}`;
  }

  /** The subject of values found in a run that belong to nobody known. */
  runSubjectRef(runId: string): string {
    return `run_${runId}`;
  }

  private makeKey(subject: Subject, keys: Map<string, SubjectKey>): WrappedKey {
    const { tenantId, subjectRef } = subject;
    const { id: kekId } = this.keks.current();
    const wrappedKey = createSubjectKey(this.keks.wrappingKey(kekId, tenantId), tenantId, subjectRef);
    const made = { ...subject, wrappedKey, kekId };
    keys.set(keyName(subject), this.unwrap(made));
    return made;
  }

  private async keysWithin(
    trx: Trx,
    tenantId: string,
    refs: ReadonlySet<string>,
  ): Promise<Map<string, SubjectKey>> {
    const keys = new Map<string, SubjectKey>();
    const subjects = [...refs].map((subjectRef) => ({ tenantId, subjectRef }));
    if (subjects.length === 0) return keys;
    const find = async (wanted: readonly Subject[]) => {
      for (const found of await this.repository.findKeysOf(within(trx), wanted))
        keys.set(keyName(found), this.unwrap(found));
    };
    await find(subjects);
    const missing = subjects.filter((subject) => !keys.has(keyName(subject)));
    if (missing.length === 0) return keys;
    const made = new Map<string, SubjectKey>();
    const added = await this.repository.addKeys(
      trx,
      missing.map((subject) => this.makeKey(subject, made)),
    );
    for (const subject of missing) {
      const key = made.get(keyName(subject));
      if (key && added.has(subject.subjectRef)) keys.set(keyName(subject), key);
    }
    const others = missing.filter(({ subjectRef }) => !added.has(subjectRef));
    if (others.length > 0) await find(others);
    return keys;
  }

  private unwrap({ tenantId, subjectRef, wrappedKey, kekId }: WrappedKey): SubjectKey {
    return guarded(() =>
      unwrapSubjectKey(this.keks.wrappingKey(kekId, tenantId), tenantId, subjectRef, wrappedKey),
    );
  }

  private openRow(
    tenantId: string,
    runId: string,
    row: StoredToken,
    keys: Map<string, SubjectKey>,
  ): VaultEntry | undefined {
    const { token, entity, subjectRef, shared, wrappedKey, kekId } = row;
    if (!wrappedKey) return undefined;
    const key = keys.get(subjectRef) ?? this.unwrap({ tenantId, subjectRef, wrappedKey, kekId });
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
