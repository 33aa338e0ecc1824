import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { AppError } from '../kernel/app-error.js';
import { ChannelListeners } from './channel-listeners.js';
import { checkedTtl, type MessageListener, SharedStore, type Unsubscribe } from './shared-store.js';

/** Counts up and, in the same step, gives a fresh count its time: a crash in between would make it eternal. */
const INCREMENT = `
local count = redis.call('INCR', KEYS[1])
if count == 1 or redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count`;

const AWAY = 'The shared store does not answer.';

/** Fail fast while Redis is away: whoever asks has something better to do than to hang. */
const OPTIONS: RedisOptions = {
  maxRetriesPerRequest: 1,
  connectTimeout: 2_000,
  commandTimeout: 1_000,
  retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
};

/** The store that replicas share. */
@Injectable()
export class RedisSharedStore extends SharedStore implements OnApplicationShutdown {
  readonly isShared = true;
  private readonly logger = new Logger(RedisSharedStore.name);
  private readonly listeners = new ChannelListeners();
  private readonly redis: Redis;
  private subscriber: Redis | undefined;

  /** @param keyPrefix stands before every key and channel, so that several products can use one Redis. */
  constructor(
    url: string,
    private readonly keyPrefix: string,
  ) {
    super();
    this.redis = this.watched(new Redis(url, OPTIONS), 'commands');
  }

  get(key: string): Promise<string | undefined> {
    return this.ask(async () => (await this.redis.get(this.named(key))) ?? undefined);
  }

  set(key: string, value: string, ttlMs: number): Promise<void> {
    return this.ask(async () => {
      await this.redis.set(this.named(key), value, 'PX', checkedTtl(ttlMs));
    });
  }

  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean> {
    return this.ask(
      async () => (await this.redis.set(this.named(key), value, 'PX', checkedTtl(ttlMs), 'NX')) === 'OK',
    );
  }

  delete(key: string): Promise<boolean> {
    return this.ask(async () => (await this.redis.del(this.named(key))) > 0);
  }

  increment(key: string, ttlMs: number): Promise<number> {
    return this.ask(async () =>
      Number(await this.redis.eval(INCREMENT, 1, this.named(key), checkedTtl(ttlMs))),
    );
  }

  publish(channel: string, message: string): Promise<void> {
    return this.ask(async () => {
      await this.redis.publish(this.named(channel), message);
    });
  }

  async subscribe(channel: string, listener: MessageListener): Promise<Unsubscribe> {
    const own: MessageListener = (message) => listener(message);
    const name = this.named(channel);
    this.listeners.add(name, own);
    try {
      // Also for a second listener: whoever awaits this wants to know that the channel is really open.
      await this.ask(() => this.subscriberConnection().subscribe(name));
    } catch (error) {
      this.listeners.remove(name, own);
      throw error;
    }
    return async () => {
      if (this.listeners.remove(name, own)) await this.subscriber?.unsubscribe(name).catch(() => undefined);
    };
  }

  ping(): Promise<void> {
    return this.ask(async () => {
      await this.redis.ping();
    });
  }

  async close(): Promise<void> {
    this.listeners.clear();
    await Promise.all([leave(this.redis), this.subscriber && leave(this.subscriber)]);
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private named(name: string): string {
    return `${this.keyPrefix}${name}`;
  }

  /** A connection that has subscribed can do nothing else, so it is a second one, made when first needed. */
  private subscriberConnection(): Redis {
    if (!this.subscriber) {
      this.subscriber = this.watched(this.redis.duplicate(), 'subscriptions');
      this.subscriber.on('message', (name: string, message: string) => this.listeners.tell(name, message));
    }
    return this.subscriber;
  }

  private async ask<T>(question: () => Promise<T>): Promise<T> {
    // Between two attempts to reconnect nothing can come of waiting.
    if (this.redis.status === 'reconnecting') throw new AppError('SERVICE_UNAVAILABLE', { detail: AWAY });
    try {
      return await question();
    } catch (error) {
      if (error instanceof TypeError) throw error;
      throw new AppError('SERVICE_UNAVAILABLE', {
        detail: 'The shared store does not answer.',
        cause: error,
      });
    }
  }

  /** An `error` without a listener would end the process; said once per outage, not once per attempt. */
  private watched(connection: Redis, purpose: string): Redis {
    let isLost = false;
    connection.on('error', (error: Error) => {
      if (isLost) return;
      isLost = true;
      this.logger.warn(
        { event: 'redis.connection_lost', purpose, reason: error.message },
        'Redis does not answer',
      );
    });
    connection.on('ready', () => {
      if (isLost) this.logger.log({ event: 'redis.connection_restored', purpose }, 'Redis answers again');
      isLost = false;
    });
    return connection;
  }
}

async function leave(connection: Redis): Promise<void> {
  // QUIT waits for what is under way; a server that is away cannot be waited for.
  if (connection.status === 'ready') await connection.quit().catch(() => undefined);
  connection.disconnect();
}
