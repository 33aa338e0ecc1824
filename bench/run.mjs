// `npm run bench -- <name> [options]`: runs `<name>.bench.mjs` over the built product.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const [name, ...args] = process.argv.slice(2);
if (!name || !names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- <${names.join('|')}> [options]\n`);
  process.exit(64);
}

const { options, main } = await import(`./${name}.bench.mjs`);
const { values } = parseArgs({ args, options });
await main(values);
