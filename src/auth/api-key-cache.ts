import type { ApiKey } from './api-key.repository.js';

const TTL_MS = 5_000;
const MAX_ENTRIES = 10_000;

interface Entry {
  readonly key: ApiKey;
  readonly until: number;
}

/**
 * Keys known to be good, by hash, for at most five seconds: the longest a revocation made by another process
 * can go unnoticed in this one. Only hits are kept, so guesses cannot fill it.
 */
export class ApiKeyCache {
  private readonly entries = new Map<string, Entry>();
  private revocations = 0;

  constructor(
    private readonly ttlMs = TTL_MS,
    private readonly maxEntries = MAX_ENTRIES,
  ) {}

  /** Names the present; `put` takes it back, so that a look-up begun before a revocation is not kept after it. */
  get generation(): number {
    return this.revocations;
  }

  find(hash: Buffer, now: Date): ApiKey | undefined {
    const id = hash.toString('base64');
    const entry = this.entries.get(id);
    if (!entry) return undefined;
    if (now.getTime() < entry.until) return entry.key;
    this.entries.delete(id);
    return undefined;
  }

  put(hash: Buffer, key: ApiKey, now: Date, generation: number): void {
    if (generation !== this.revocations) return;
    const id = hash.toString('base64');
    // Deleting first moves the entry to the end: the Map's order is then the order of expiry.
    this.entries.delete(id);
    if (this.entries.size >= this.maxEntries) this.dropOldest();
    this.entries.set(id, { key, until: now.getTime() + this.ttlMs });
  }

  /** To be called once a revocation is committed. */
  drop(hash: Buffer): void {
    this.revocations++;
    this.entries.delete(hash.toString('base64'));
  }

  private dropOldest(): void {
    const oldest = this.entries.keys().next();
    if (!oldest.done) this.entries.delete(oldest.value);
  }
}
