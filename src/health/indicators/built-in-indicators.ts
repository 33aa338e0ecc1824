import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { HealthIndicators } from '../health-indicators.js';
import { configurationIndicator } from './configuration.indicator.js';
import { databaseIndicator } from './database.indicator.js';
import { diskIndicator } from './disk.indicator.js';
import { memoryIndicator } from './memory.indicator.js';
import { modelProviderIndicator } from './model-provider.indicator.js';

/** Registers what every instance has; other rooms register theirs themselves. */
@Injectable()
export class BuiltInIndicators implements OnModuleInit {
  constructor(
    private readonly indicators: HealthIndicators,
    private readonly database: DatabaseService,
    @InjectConfig('instance') private readonly instance: AppConfig['instance'],
    @InjectConfig('database') private readonly databaseConfig: AppConfig['database'],
    @InjectConfig('llm') private readonly llm: AppConfig['llm'],
  ) {}

  onModuleInit(): void {
    const all = [
      databaseIndicator(this.database),
      modelProviderIndicator(this.llm),
      diskIndicator(this.instance.dataDir),
      memoryIndicator(),
      configurationIndicator(this.instance, this.databaseConfig),
    ];
    for (const indicator of all) this.indicators.register(indicator);
  }
}
