import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HealthIndicators } from '../health/health-indicators.js';
import { JobsService } from './jobs.service.js';

/** Reports the queue: without it nothing that was accepted goes on; without NOTIFY it goes on later. */
@Injectable()
export class QueueHealth implements OnModuleInit {
  constructor(
    private readonly indicators: HealthIndicators,
    private readonly jobs: JobsService,
  ) {}

  onModuleInit(): void {
    this.indicators.register({
      name: 'queue',
      critical: true,
      check: async () => {
        const { started, listenNotify } = this.jobs.state;
        if (!started) return { status: 'unhealthy', detail: 'not started' };
        return listenNotify
          ? { status: 'healthy' }
          : { status: 'degraded', detail: 'no notifications: polling only' };
      },
    });
  }
}
