import { type Command, parseOptions } from '../command.js';
import { runDemo } from '../demo/run-demo.js';

/** Shows the whole product in less than a minute. */
export const demo: Command = {
  name: 'demo',
  summary: 'Show the example campaign on a server of its own; nothing keeps running',
  usage: ['', 'Everything it makes lies under ./.countersign/demo.'],
  async run(args, context) {
    parseOptions(args, {});
    return runDemo(context);
  },
};
