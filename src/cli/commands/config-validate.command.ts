import { ConfigError, EXIT_CONFIG } from '../../config/config-error.js';
import { loadConfig } from '../../config/load-config.js';
import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions } from '../command.js';

/** Checks the configuration the way the server does before it starts. */
export const configValidate: Command = {
  name: 'config validate',
  summary: 'Check the configuration of this folder and environment; every fault at once',
  usage: ['', 'Exit code 78 when the configuration is refused.'],
  async run(args, { terminal }) {
    parseOptions(args, {});
    try {
      const { instance, database, redis, llm } = loadConfig();
      terminal.print(`The configuration is valid (environment ${instance.environment}).`);
      terminal.print(`  data directory  ${instance.dataDir}`);
      terminal.print(
        `  database        ${database.tier === 'server' ? 'DATABASE_URL' : 'embedded Postgres'}`,
      );
      terminal.print(`  redis           ${redis.url ? 'REDIS_URL' : 'in process'}`);
      terminal.print(`  model provider  ${llm.provider}`);
      return EXIT_OK;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      terminal.complain('The configuration is refused:');
      for (const { path, message } of error.faults) terminal.complain(`  ${path}: ${message}`);
      return EXIT_CONFIG;
    }
  },
};
