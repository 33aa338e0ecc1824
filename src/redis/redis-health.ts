import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HealthIndicators } from '../health/health-indicators.js';
import { SharedStore } from './shared-store.js';

/** Reports the shared store. Not critical: everything is right without it, only less shared. */
@Injectable()
export class RedisHealth implements OnModuleInit {
  constructor(
    private readonly indicators: HealthIndicators,
    private readonly store: SharedStore,
  ) {}

  onModuleInit(): void {
    this.indicators.register({
      name: 'redis',
      critical: false,
      check: async () => {
        if (!this.store.isShared)
          return { status: 'healthy', detail: 'not configured: kept in this process' };
        await this.store.ping();
        return { status: 'healthy' };
      },
    });
  }
}
