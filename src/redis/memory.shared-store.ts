import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../kernel/clock.js';
import { ChannelListeners } from './channel-listeners.js';
import { checkedTtl, type MessageListener, SharedStore, type Unsubscribe } from './shared-store.js';

/** Writes between two sweeps of what has expired; keys that nobody asks for again would else stay for ever. */
const SWEEP_EVERY = 1_000;

interface Entry {
  readonly value: string;
  readonly expiresAt: number;
}

/** The store of a single process: what runs when no Redis is configured. */
@Injectable()
export class MemorySharedStore extends SharedStore implements OnApplicationShutdown {
  readonly isShared = false;
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new ChannelListeners();
  private writes = 0;

  constructor(private readonly clock: Clock) {
    super();
  }

  /** Keys held, expired ones that were not swept yet included. */
  get size(): number {
    return this.entries.size;
  }

  async get(key: string): Promise<string | undefined> {
    return this.live(key)?.value;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    this.write(key, { value, expiresAt: this.nowMs() + checkedTtl(ttlMs) });
  }

  async setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean> {
    if (this.live(key)) return false;
    this.write(key, { value, expiresAt: this.nowMs() + checkedTtl(ttlMs) });
    return true;
  }

  async delete(key: string): Promise<boolean> {
    const existed = this.live(key) !== undefined;
    this.entries.delete(key);
    return existed;
  }

  async increment(key: string, ttlMs: number): Promise<number> {
    const entry = this.live(key);
    const count = Number(entry?.value ?? 0) + 1;
    this.write(key, {
      value: String(count),
      expiresAt: entry?.expiresAt ?? this.nowMs() + checkedTtl(ttlMs),
    });
    return count;
  }

  async publish(channel: string, message: string): Promise<void> {
    // As with Redis, nobody hears a message before the publisher has gone on.
    queueMicrotask(() => this.listeners.tell(channel, message));
  }

  async subscribe(channel: string, listener: MessageListener): Promise<Unsubscribe> {
    const own: MessageListener = (message) => listener(message);
    this.listeners.add(channel, own);
    return async () => {
      this.listeners.remove(channel, own);
    };
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    this.listeners.clear();
    this.entries.clear();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private nowMs(): number {
    return this.clock.now().getTime();
  }

  private live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    return entry && entry.expiresAt > this.nowMs() ? entry : undefined;
  }

  private write(key: string, entry: Entry): void {
    this.entries.set(key, entry);
    if (++this.writes % SWEEP_EVERY === 0) this.sweep();
  }

  private sweep(): void {
    const nowMs = this.nowMs();
    for (const [key, { expiresAt }] of this.entries) if (expiresAt <= nowMs) this.entries.delete(key);
  }
}
