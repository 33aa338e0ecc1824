import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BREAKAGES } from '../harness/broken-trail.js';
import {
  CHANGING_ROUTES,
  READING_ROUTES,
  type ReadyRequest,
  type Stage,
} from '../harness/changing-routes.js';
import type { Method } from '../harness/http-client.js';
import { expectProblem } from '../harness/problem.js';
import { startProduct } from '../harness/product.js';
import { dumpState } from '../harness/state-dump.js';

const CHANGING_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const BUILDERS = Object.entries(CHANGING_ROUTES);

/** A product without workers, so that nothing moves but what a request moves. */
let stage: Stage;
/** What each route is asked: built once, for whatever fails leaves everything as it was. */
const ready = new Map<string, ReadyRequest>();

beforeAll(async () => {
  stage = await startProduct({
    COUNTERSIGN_ROLE: 'api',
    COUNTERSIGN_LOG_LEVEL: 'silent',
    // For most of the time there is no worker that would seal.
    COUNTERSIGN__AUDIT__MAX_SEAL_DELAY_MS: '3600000',
  });
  for (const [route, build] of BUILDERS) ready.set(route, await build(stage));
}, 180_000);
afterAll(() => stage?.close());

function ask(route: string, { at = {}, query = '', ...request }: ReadyRequest) {
  const [method = '', path = ''] = route.split(' ');
  const address = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(at[name] ?? ''));
  return stage.client.request(method as Method, `${address}${query}`, request);
}

/** Every route whose method changes something, as the running server describes it. */
async function changingRoutes(): Promise<string[]> {
  const { paths } = (await stage.client.get('/openapi.json')).body as {
    paths: Record<string, Record<string, unknown>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .map((method) => method.toUpperCase())
      .filter((method) => CHANGING_METHODS.has(method))
      .map((method) => `${method} ${path}`),
  );
}

describe('every route that changes something', () => {
  it('is driven by this test, and no other is', async () => {
    const driven = [...Object.keys(CHANGING_ROUTES), ...Object.keys(READING_ROUTES)];
    expect(driven.toSorted()).toEqual((await changingRoutes()).toSorted());
  });

  it('stands in the description, from which they are read', async () => {
    const server = stage.app.getHttpAdapter().getInstance() as { printRoutes(options: object): string };
    const registered = [
      ...server.printRoutes({ commonPrefix: false }).matchAll(/\((?<methods>[A-Z, ]+)\)/g),
    ].flatMap((match) => match.groups?.['methods']?.split(', ') ?? []);
    const changing = registered.filter((method) => CHANGING_METHODS.has(method));
    expect(changing).toHaveLength((await changingRoutes()).length);
  });
});

describe.each(Object.entries(BREAKAGES))('when %s', (_how, { breakIt, mendIt }) => {
  beforeAll(() => breakIt(stage.database));
  afterAll(() => mendIt(stage.database));

  it.each(BUILDERS.map(([route]) => route))('%s is refused and changes nothing', async (route) => {
    const before = await state();
    const answer = await ask(route, ready.get(route) as ReadyRequest);
    expectProblem(answer, 503, 'AUDIT_UNAVAILABLE');
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(await state()).toEqual(before);
  });
});

describe('once the trail can be written again', () => {
  it.each(BUILDERS.map(([route]) => route))('%s succeeds and changes something', async (route) => {
    const before = await state();
    const events = await countOfEvents();
    const answer = await ask(route, ready.get(route) as ReadyRequest);
    expect(answer.status, answer.text).toBeLessThan(300);
    expect(await state()).not.toEqual(before);
    expect(await countOfEvents()).toBeGreaterThan(events);
  });

  it.each(Object.entries(READING_ROUTES))('%s answers and changes nothing', async (route, build) => {
    const request = await build(stage);
    const before = await state();
    const answer = await ask(route, request);
    expect(answer.status, answer.text).toBeLessThan(300);
    expect(await state()).toEqual(before);
  });
});

/** What stands in the tables, and the key that signs the logs: that is a file. */
async function state(): Promise<Record<string, string>> {
  const key = await readFile(join(stage.dataDir, 'keys', 'audit-log.key'), 'utf8');
  return { ...(await dumpState(stage.database)), 'signing key': key };
}

async function countOfEvents(): Promise<number> {
  const [row] = await stage.database.query<{ count: number }>(
    'select count(*)::int as count from audit_event',
  );
  return row?.count ?? 0;
}
