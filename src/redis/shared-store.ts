/** Takes a listener off its channel again. */
export type Unsubscribe = () => Promise<void>;

export type MessageListener = (message: string) => void;

/**
 * Small state that replicas share: counters, short-lived marks, notifications. In Redis when there is one,
 * else in this process. It may be lost at any time, so nothing may be correct only because of it.
 *
 * Every method rejects with AppError `SERVICE_UNAVAILABLE`, within about a second, while the store is away.
 */
export abstract class SharedStore {
  /** Whether other processes see what this one stores. */
  abstract readonly isShared: boolean;

  abstract get(key: string): Promise<string | undefined>;

  /** Stores a value for a time, whatever stood there. */
  abstract set(key: string, value: string, ttlMs: number): Promise<void>;

  /** Stores a value unless there is one; answers whether it did. */
  abstract setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>;

  /** Answers whether there was something to delete. */
  abstract delete(key: string): Promise<boolean>;

  /**
   * Adds one and answers the new count. The first increment starts the count's time; later ones do not
   * prolong it.
   */
  abstract increment(key: string, ttlMs: number): Promise<number>;

  /** Tells every subscriber of the channel, in every process that shares the store. */
  abstract publish(channel: string, message: string): Promise<void>;

  /** Hears messages published from now on. Those published while the connection is lost are not repeated. */
  abstract subscribe(channel: string, listener: MessageListener): Promise<Unsubscribe>;

  /** Settles when the store answers. */
  abstract ping(): Promise<void>;

  /** Ends connections and subscriptions. */
  abstract close(): Promise<void>;
}

/** A time to live as both implementations take it: whole milliseconds, at least one. */
export function checkedTtl(ttlMs: number): number {
  if (!(ttlMs > 0) || !Number.isFinite(ttlMs)) throw new TypeError('ttlMs must be a positive number');
  return Math.ceil(ttlMs);
}
