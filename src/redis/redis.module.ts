import { Global, Module } from '@nestjs/common';
import { getConfigToken } from '@nestjs/config';
import type { AppConfig } from '../config/app-config.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { MemorySharedStore } from './memory.shared-store.js';
import { RedisHealth } from './redis-health.js';
import { RedisSharedStore } from './redis.shared-store.js';
import { SharedStore } from './shared-store.js';

/** The shared store: Redis by REDIS_URL, else this process. */
@Global()
@Module({
  providers: [
    {
      provide: SharedStore,
      inject: [getConfigToken('redis'), CLOCK],
      useFactory: (config: AppConfig['redis'], clock: Clock): SharedStore =>
        config.url ? new RedisSharedStore(config.url, config.keyPrefix) : new MemorySharedStore(clock),
    },
    RedisHealth,
  ],
  exports: [SharedStore],
})
export class RedisModule {}
