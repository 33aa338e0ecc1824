import { EXIT_OK } from '../cli-error.js';
import { type Command, parseOptions } from '../command.js';

/** Starts the server in this process, exactly as `npm start` does. */
export const serve: Command = {
  name: 'serve',
  summary: 'Start the server; it is configured by environment and config/<env>.toml',
  usage: [''],
  async run(args) {
    parseOptions(args, {});
    await import('../../main.js');
    return EXIT_OK;
  },
};
