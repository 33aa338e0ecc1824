import { type INestApplicationContext, Injectable, type LoggerService } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** Where Nest tells of every module and route it sets up: a hundred lines that say little once it runs. */
const SETUP_COMPONENTS = new Set<unknown>(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/** The logger behind every `new Logger(Name)`. */
@Injectable()
export class ApplicationLogger extends Logger {
  override log(message: unknown, ...parameters: unknown[]): void {
    if (SETUP_COMPONENTS.has(parameters.at(-1))) super.debug(message, ...parameters);
    else super.log(message, ...parameters);
  }
}

/** The logger to hand to Nest itself (`app.useLogger`), so that its own lines are masked as well. */
export function loggerOf(app: INestApplicationContext): LoggerService {
  return app.get(ApplicationLogger, { strict: false });
}
