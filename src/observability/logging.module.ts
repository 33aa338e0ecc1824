import { type DynamicModule, Module, RequestMethod } from '@nestjs/common';
import { getConfigToken } from '@nestjs/config';
import type { IncomingMessage } from 'node:http';
import { LoggerModule } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import { ApplicationLogger } from './logger.js';
import { loggerOptions } from './logger-options.js';

/** The one logger. `new Logger(Name)` of Nest writes through it, with the ids of the request at hand. */
@Module({})
export class LoggingModule {
  /** @param destination where lines go; standard output when absent. */
  static forRoot(destination?: DestinationStream): DynamicModule {
    return {
      module: LoggingModule,
      providers: [ApplicationLogger],
      imports: [
        LoggerModule.forRootAsync({
          inject: [getConfigToken('logging'), getConfigToken('instance')],
          useFactory: (config: AppConfig['logging'], instance: AppConfig['instance']) => ({
            // The default route of the library logs only `/` on Fastify.
            forRoutes: [{ path: '/{*splat}', method: RequestMethod.ALL }],
            renameContext: 'component',
            pinoHttp: {
              ...loggerOptions(config, instance.version),
              // `HttpLog` writes the line of a request: it knows route and principal, and no header or body.
              autoLogging: false,
              quietReqLogger: true,
              quietResLogger: true,
              wrapSerializers: false,
              customAttributeKeys: { reqId: 'requestId' },
              genReqId: (request: IncomingMessage) => request.id,
              ...(destination ? { stream: destination } : {}),
            },
          }),
        }),
      ],
    };
  }
}
