/** A fault the user can act on; its message is all they need to see. Ends the program with exit code 1. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
}

/** The command line itself is wrong. Ends the program with exit code 2. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
}

export const EXIT_OK = 0;
export const EXIT_FAULT = 1;
export const EXIT_USAGE = 2;
/** Ended by Ctrl-C (128 + SIGINT). */
export const EXIT_INTERRUPTED = 130;
