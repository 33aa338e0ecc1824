// `npm run bench -- <name> [options]`: runs `<name>.bench.mjs` over the built product and a database of its own.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startBenchProduct } from './bench-product.mjs';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const [name, ...args] = process.argv.slice(2);
if (!name || !names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- <${names.join('|')}> [options]\n`);
  process.exit(64);
}

const { options, measure } = await import(`./${name}.bench.mjs`);
const { values } = parseArgs({ args, options });
const product = await startBenchProduct();
try {
  for (const [label, figure] of Object.entries(await measure(product, values))) {
    process.stdout.write(`${label.padEnd(44)} ${figure}\n`);
  }
} finally {
  await product.stop();
}
