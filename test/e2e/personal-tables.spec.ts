import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PersonalStores } from '../../src/compliance/subjects/personal-stores.js';
import { type Product, startProduct } from '../harness/product.js';

/** Tables with nothing of the people whose data is processed, and why. A new table stands here or in a store. */
const IMPERSONAL: Readonly<Record<string, string>> = {
  tenant: 'customers of the instance',
  api_key: 'keys of principals, by a hash',
  workflow_definition: 'documents written by operators',
  retention_policy: 'days by definition',
  legal_hold: 'references of persons and numbers of cases: what must be kept is not forgotten',
  subject_restriction: 'references of persons: it must be known whom nothing is done for',
  erasure: 'references of persons: the receipt',
  webhook_endpoint: 'addresses of the tenant’s own systems',
  webhook_secret: 'keys',
  webhook_cursor: 'a position',
  webhook_message: 'events of runs, which hold tokens',
  webhook_delivery: 'attempts, without what was answered',
  audit_head: 'hashes',
  audit_index: 'hashes',
  audit_tile: 'hashes',
  audit_checkpoint: 'hashes',
  audit_cosignature: 'signatures',
  audit_self_check: 'what checks of the trail have found',
  audit_retention_class: 'days by class',
  audit_event_class: 'classes of types of events',
  audit_retention_policy: 'days by class',
  audit_archive: 'names and hashes of files',
  audit_retirement: 'records of what went from the trail',
  audit_day_look: 'days',
  report_day: 'counts by day',
  safe_mode: 'a switch',
  policy_activation: 'which version of the policies holds',
  trail_export: 'what exports of the trail are to hold: ids, types and times',
  policy_refusal: 'questions to the policies: ids, counts and attributes',
  policy_version: 'policies written by operators',
  schema_version: 'names of migrations',
};

describe('every table', () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  });
  afterAll(() => product?.close());

  const tables = async () => {
    const rows = await product.database.query<{ name: string }>(
      `select relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
         and relname not like 'kysely%' order by 1`,
    );
    return rows.map(({ name }) => name);
  };
  const stored = () =>
    product.app
      .get(PersonalStores, { strict: false })
      .all()
      .flatMap((store) => store.tables);

  it('is looked after by a store that exports and erases, or is known to hold nothing of anybody', async () => {
    const known = new Set([...stored(), ...Object.keys(IMPERSONAL)]);
    expect((await tables()).filter((name) => !known.has(name))).toEqual([]);
  });

  it('is looked after by one store only, and exists', async () => {
    const known = [...stored(), ...Object.keys(IMPERSONAL)];
    expect(known.filter((name, index) => known.indexOf(name) !== index)).toEqual([]);
    const existing = new Set(await tables());
    expect(known.filter((name) => !existing.has(name))).toEqual([]);
  });
});
