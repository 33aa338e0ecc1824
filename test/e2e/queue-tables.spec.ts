import { afterAll, beforeAll, expect, it } from 'vitest';
import { startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';

let product: Product;
beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
});
afterAll(() => product.close());

const settings = () =>
  product.database.query<{ name: string; options: string[] | null }>(
    `select relname as name, reloptions as options from pg_class
     where relnamespace = 'pgboss'::regnamespace and relkind = 'r' and relname ~ '^job' order by 1`,
  );

it('vacuums the tables that hold jobs early, from the first start on', async () => {
  const tables = await settings();
  expect(tables.map((table) => table.name)).toContain('job_common');
  for (const { options } of tables) expect(options).toContain('autovacuum_vacuum_scale_factor=0.01');
  const other = await startInstance(product, { COUNTERSIGN_ROLE: 'api' });
  await other.close();
  expect(await settings()).toEqual(tables);
});
