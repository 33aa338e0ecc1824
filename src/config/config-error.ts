/** One fault of the configuration: where it was written and what is wrong with it. */
export interface ConfigFault {
  /** Dotted key (`llm.base_url`), file name or environment variable. */
  readonly path: string;
  readonly message: string;
}

/** The configuration cannot be used. Carries every fault found, so that one start shows them all. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly ConfigFault[]) {
    super(
      `The configuration is refused:\n${faults.map((fault) => `  - ${fault.path}: ${fault.message}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** Exit code of a process that refuses its configuration (sysexits.h EX_CONFIG). */
export const EXIT_CONFIG = 78;
