import { Logger } from '@nestjs/common';

const EXIT_FAULT = 1;

/**
 * Ends the process on a fault that nobody caught, told by the logger. Node itself would print the whole error: of a
 * database fault that is the offending row, past every mask. Unhandled rejections arrive here as well.
 */
export function logProcessFaults(): void {
  const logger = new Logger('Process');
  process.once('uncaughtException', (error) => {
    logger.fatal({ event: 'process.fault', err: error }, 'an unexpected fault ends the process');
    process.exit(EXIT_FAULT);
  });
}
