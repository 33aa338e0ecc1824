import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  OTHER_TENANT_ID,
  type TestDatabase,
  TEST_TENANT_ID,
} from '../../../test/harness/database.js';
import { SeededRandom } from '../../../test/harness/random.js';
import { type StoredRun, storedRun, storeRuns } from '../../../test/harness/stored-runs.js';
import { isEnded, PHASES, type Phase, RUN_STATUSES, type RunStatus } from '../../compliance/state/phases.js';
import { type RunFilter, RunListRepository } from './run-list.repository.js';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2030, 0, 1);
const SESSIONS = ['01a1fc0e-64df-74a4-a703-3f7fe916c128', '01a1fc0e-64df-74a4-a703-3f7fe916c129'] as const;
const DEFINITIONS = ['email-campaign', 'collateral-review', 'third'] as const;
const ATTRIBUTES: readonly Readonly<Record<string, string>>[] = [
  { batch: '1' },
  { parity: '1' },
  { batch: '2', parity: '0' },
  { batch: 'x' },
];
const OWNERS = ['one', 'two', 'three'] as const;

const random = new SeededRandom(20_300_101);
const runs: StoredRun[] = [];
const list = new RunListRepository();
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  for (let index = 0; index < 400; index++) runs.push(randomRun(index));
  await storeRuns(database, runs);
});
afterAll(() => database.close());

/** Times fall on few moments, so that bounds meet them exactly. */
function randomRun(index: number): StoredRun {
  const status = random.pick(RUN_STATUSES);
  const createdAt = new Date(START + Math.floor(index / 4) * 6 * HOUR_MS);
  const later = new Date(createdAt.getTime() + random.between(0, 40) * 6 * HOUR_MS);
  return storedRun({
    tenantId: index % 10 === 0 ? OTHER_TENANT_ID : TEST_TENANT_ID,
    definition: random.pick(DEFINITIONS),
    version: random.between(1, 3),
    sessionId: random.pick(SESSIONS),
    ownerId: random.pick(OWNERS),
    status,
    phase: random.pick(PHASES),
    degraded: random.between(0, 3) === 0,
    attributes: index % 3 === 0 ? {} : { batch: String(index % 5), parity: String(index % 2) },
    createdAt,
    updatedAt: later,
    completedAt: isEnded(status) ? later : null,
  });
}

function randomFilter(): RunFilter {
  const maybe = <T>(value: () => T): T | undefined => (random.between(0, 4) === 0 ? value() : undefined);
  const time = () => new Date(START + random.between(0, 130) * 6 * HOUR_MS);
  const definition = maybe(() => random.pick([...DEFINITIONS, 'none']));
  return {
    statuses: maybe(() => RUN_STATUSES.filter((_, index) => index === 0 || random.between(0, 1) === 0)),
    phase: maybe(() => random.pick(PHASES)),
    definition,
    version: definition === undefined ? undefined : maybe(() => random.between(1, 4)),
    sessionId: maybe(() => random.pick(SESSIONS)),
    ownerId: maybe(() => random.pick(OWNERS)),
    degraded: maybe(() => random.between(0, 1) === 0),
    attributes: maybe(() => random.pick(ATTRIBUTES)),
    createdAfter: maybe(time),
    createdBefore: maybe(time),
    updatedAfter: maybe(time),
    updatedBefore: maybe(time),
    completedAfter: maybe(time),
    completedBefore: maybe(time),
  };
}

/** The filter as a reader of its documentation understands it. */
function fits(run: StoredRun, filter: RunFilter): boolean {
  const { statuses, attributes = {} } = filter;
  const equal = ['phase', 'definition', 'version', 'sessionId', 'ownerId', 'degraded'] as const;
  const isAfter = (time: Date | null, bound: Date | undefined) => !bound || (time !== null && time > bound);
  const isBefore = (time: Date | null, bound: Date | undefined) => !bound || (time !== null && time < bound);
  return (
    run.tenantId === TEST_TENANT_ID &&
    (!statuses || statuses.includes(run.status as RunStatus)) &&
    equal.every((name) => filter[name] === undefined || filter[name] === run[name]) &&
    Object.entries(attributes).every(([key, value]) => run.attributes[key] === value) &&
    isAfter(run.createdAt, filter.createdAfter) &&
    isBefore(run.createdAt, filter.createdBefore) &&
    isAfter(run.updatedAt, filter.updatedAfter) &&
    isBefore(run.updatedAt, filter.updatedBefore) &&
    isAfter(run.completedAt, filter.completedAfter) &&
    isBefore(run.completedAt, filter.completedBefore)
  );
}

/** Ids of all pages, in the order they came. */
async function listed(filter: RunFilter, order: 'asc' | 'desc', limit: number): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const page = await database.database.withTenant(TEST_TENANT_ID, (trx) =>
      list.list(trx, filter, { limit, order, after: seen.at(-1) }),
    );
    seen.push(...page.map((run) => run.id));
    if (page.length < limit) return seen;
  }
}

describe('the list of runs', () => {
  it('holds exactly what fits, whatever is asked, in order and in pages of any size', async () => {
    let found = 0;
    for (let round = 0; round < 150; round++) {
      const filter = randomFilter();
      const order = random.pick(['asc', 'desc'] as const);
      const ids = runs.filter((run) => fits(run, filter)).map((run) => run.id);
      const wanted = order === 'asc' ? ids.toSorted() : ids.toSorted().toReversed();
      expect(await listed(filter, order, random.pick([7, 50, 1_000])), JSON.stringify(filter)).toEqual(
        wanted,
      );
      found += wanted.length;
    }
    // Filters that nothing fits prove little.
    expect(found).toBeGreaterThan(500);
  });

  it('shows of a run what a list needs, and nothing long', async () => {
    const run = runs.find((each) => each.tenantId === TEST_TENANT_ID);
    const [shown] = await database.database.withTenant(TEST_TENANT_ID, (trx) =>
      list.list(trx, { phase: run?.phase as Phase }, { limit: 1, order: 'asc' }),
    );
    expect(Object.keys(shown ?? {})).toEqual([
      'id',
      'definition',
      'definitionVersion',
      'sessionId',
      'ownerId',
      'status',
      'phase',
      'attributes',
      'degraded',
      'attempt',
      'forkedFromRunId',
      'forkedFromPhase',
      'classification',
      'policyVersion',
      'createdAt',
      'updatedAt',
      'completedAt',
    ]);
  });

  it('neither loses nor repeats a run while others are stored between its pages', async () => {
    for (const order of ['asc', 'desc'] as const) {
      const filter: RunFilter = {
        definition: 'email-campaign',
        createdBefore: new Date(START + 1_000 * HOUR_MS),
      };
      const before = await listed(filter, order, 1_000);
      const seen: string[] = [];
      for (let size = 9, pages = 0; size === 9; pages++) {
        const page = await database.database.withTenant(TEST_TENANT_ID, (trx) =>
          list.list(trx, filter, { limit: 9, order, after: seen.at(-1) }),
        );
        size = page.length;
        seen.push(...page.map((run) => run.id));
        await storeRuns(database, [storedRun({ createdAt: new Date(START + 900 * HOUR_MS + pages) })]);
      }
      expect(seen.filter((id) => before.includes(id))).toEqual(before);
      expect(new Set(seen).size).toBe(seen.length);
    }
  });
});
