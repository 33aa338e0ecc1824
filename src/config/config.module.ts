import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule as NestConfigModule, registerAs } from '@nestjs/config';
import type { AppConfig, ConfigSection } from './app-config.js';

/** Makes every section of an already checked configuration injectable by `InjectConfig`. */
@Module({})
export class ConfigModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      imports: [
        NestConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          skipProcessEnv: true,
          load: (Object.keys(config) as ConfigSection[]).map((section) =>
            registerAs(section, () => config[section]),
          ),
        }),
      ],
    };
  }
}
