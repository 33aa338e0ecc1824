// `npm run bench -- <name> [options]`: runs `<name>.bench.mjs` over the built product.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.mjs';

const EXIT_USAGE = 64;

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const [name, ...args] = process.argv.slice(2);
if (!name || !names.includes(name))
  giveUp(`Usage: npm run bench -- <${names.join('|')}> [options]`, EXIT_USAGE);

const { options, main } = await import(`./${name}.bench.mjs`);
try {
  await main(valuesOf(options));
} catch (error) {
  if (error instanceof UsageError) giveUp(error.message, EXIT_USAGE);
  giveUp(error.stack, 1);
}

function valuesOf(options) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    const known = Object.keys(options).map((option) => `--${option}`);
    return giveUp(`${error.message}\nOptions of ${name}: ${known.join(' ')}`, EXIT_USAGE);
  }
}

function giveUp(message, code) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
