import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HealthIndicators } from '../../health/health-indicators.js';
import { SafeMode } from './safe-mode.service.js';

/** Shows safe mode where operators look first. Its reason is for those who may read it, so it is not told here. */
@Injectable()
export class SafeModeHealth implements OnModuleInit {
  constructor(
    private readonly indicators: HealthIndicators,
    private readonly safeMode: SafeMode,
  ) {}

  onModuleInit(): void {
    this.indicators.register({
      name: 'safeMode',
      critical: false,
      check: async () => {
        const { instance, tenants, isKnown } = this.safeMode.extent;
        if (!isKnown) return { status: 'degraded', detail: 'on: the switches cannot be read' };
        if (instance) return { status: 'degraded', detail: 'on: nothing outside is called' };
        return tenants > 0
          ? { status: 'degraded', detail: `on for ${tenants} tenants` }
          : { status: 'healthy', detail: 'off' };
      },
    });
  }
}
