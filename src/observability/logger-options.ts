import { isatty } from 'node:tty';
import type { LoggerOptions } from 'pino';
import pinoPretty from 'pino-pretty';
import type { AppConfig } from '../config/app-config.js';
import { serializeError } from './error-serializer.js';
import { maskLine } from './mask-line.js';

/** How this product logs: one JSON object a line, masked in the last step before it is written. */
export function loggerOptions(config: AppConfig['logging'], version: string): LoggerOptions {
  return {
    level: config.level,
    base: { service: 'countersign', version },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: {
      // The library binds the whole request and response to a logger of each request: headers belong in no line.
      req: () => undefined,
      res: () => undefined,
      err: (error: unknown) => serializeError(error),
      error: (error: unknown) => serializeError(error),
    },
    hooks: { streamWrite: config.pretty ? maskAndPrettify() : maskLine },
  };
}

/** In this process and in this order: a transport of its own would receive the line before it is masked. */
function maskAndPrettify(): (line: string) => string {
  const prettify = pinoPretty.prettyFactory({
    colorize: isatty(1),
    translateTime: 'SYS:HH:MM:ss.l',
    timestampKey: 'time',
    ignore: 'service,version',
    singleLine: true,
  });
  return (line) => prettify(maskLine(line));
}
