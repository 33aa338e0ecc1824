import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { DayRetirement } from '../../src/compliance/trail-retention/day-retirement.service.js';
import { TrailRetentionPass } from '../../src/compliance/trail-retention/trail-retention-pass.service.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { newId } from '../../src/kernel/ids.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { dayBefore, makeDay, recordOn } from '../harness/past-days.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { storedRun, storeRuns } from '../harness/stored-runs.js';

const never = new AbortController().signal;
const STANDARD = { type: 'schedule.paused' } as const;
const SECURITY = { type: 'api_key.revoked' } as const;
const OF_RUN = { type: 'workflow.completed' } as const;
const CONSENT = { type: 'subject.erasure_replayed' } as const;

describe('the retention of the trail', () => {
  let product: Product;
  let verifier: OfflineVerifier;

  beforeAll(async () => {
    product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
    verifier = new OfflineVerifier();
    await product.makeKey('operator');
    await seal();
  });
  afterAll(async () => {
    verifier?.close();
    await product?.close();
  });

  const seal = (tenantId = TEST_TENANT_ID) => product.app.get(AuditLog).seal(tenantId);
  const log = () => product.app.get(AuditLog);
  const retire = (day: string) => product.app.get(DayRetirement, { strict: false }).retire(day, never);
  const verify = async () => (await product.client.post('/v1/audit/verify')).body;
  const faultsOf = async () => ((await verify()).faults as { reason: string }[]).map(({ reason }) => reason);
  const proofOf = (id: string) => product.client.get(`/v1/audit/proofs/inclusion?eventId=${id}`);
  const newest = async (type: string) =>
    (
      (await product.client.get(`/v1/audit/events?type=${type}&limit=1`)).body.items as {
        detail: Record<string, unknown>;
      }[]
    )[0]?.detail ?? {};
  const partitionOf = async (day: string) =>
    (
      await product.database.query<{ name: string | null }>('select to_regclass($1)::text as name', [
        `audit_event_${day.replaceAll('-', '')}`,
      ])
    )[0]?.name;

  /** A day with one event of each kind. */
  async function mixedDay(daysAgo: number) {
    const day = dayBefore(daysAgo);
    await makeDay(product, day);
    const at = (fact: Parameters<typeof recordOn>[3], runId?: string) =>
      recordOn(product, TEST_TENANT_ID, day, fact, runId);
    const events = {
      standard: await at(STANDARD),
      security: await at(SECURITY),
      ofRun: await at(OF_RUN, newId()),
      consent: await at(CONSENT),
    };
    await seal();
    return { day, ...events };
  }

  describe('of a day with records of several classes', () => {
    let mixed: Awaited<ReturnType<typeof mixedDay>>;
    let figures: unknown;
    let gone: number;
    const period = () =>
      `/v1/compliance/report?from=${mixed.day}T00:00:00.000Z&to=${mixed.day}T23:59:59.000Z`;
    const wholeDay = () => {
      const next = new Date(Date.parse(mixed.day) + 86_400_000).toISOString();
      return `/v1/compliance/report?from=${mixed.day}T00:00:00.000Z&to=${next}`;
    };

    beforeAll(async () => {
      mixed = await mixedDay(95);
      figures = (await product.client.get(wholeDay())).body.events;
      gone = await retire(mixed.day);
    });

    it('takes what is due, and leaves what is kept for longer as it is', async () => {
      expect(gone).toBe(1);
      expectProblem(await proofOf(mixed.standard.id), 410, 'AUDIT_RETENTION_PASSED');
      expect((await proofOf(mixed.standard.id)).body).toMatchObject({ minimumIndex: 0 });
      for (const { id, leaf } of [mixed.security, mixed.ofRun, mixed.consent]) {
        const { status, body } = await proofOf(id);
        expect([status, body.leaf]).toEqual([200, leaf.toString('base64')]);
      }
      expectProblem(
        await product.client.get(`/v1/audit/events/${mixed.standard.id}`),
        410,
        'AUDIT_RETENTION_PASSED',
      );
    });

    it('goes on proving a dropped leaf to whoever has kept it', async () => {
      const [place] = await product.database.query<{ index: number }>(
        'select index::int from audit_index where event_id = $1',
        [mixed.standard.id],
      );
      const { status, text } = await product.client.get(`/v1/audit/proofs/inclusion?index=${place?.index}`);
      expect(status).toBe(200);
      const { vkeys } = (await product.client.get('/v1/audit/log')).body as { vkeys: string[] };
      const whole = { ...(JSON.parse(text) as object), leaf: mixed.standard.leaf.toString('base64') };
      expect(verifier.verify(JSON.stringify(whole), '--key', vkeys[0] as string)).toMatchObject({ code: 0 });
    });

    it('records what went, and where it was exported to', async () => {
      const dropped = await newest('retention.trail_dropped');
      expect(dropped).toMatchObject({ day: mixed.day, dropped: 1, kept: 3 });
      const folder = product.config.audit.archiveFolder;
      const manifest = await readFile(join(folder, TEST_TENANT_ID, mixed.day, 'SHA256SUMS'), 'utf8');
      expect(createHash('sha256').update(manifest).digest('hex')).toBe(dropped['manifest']);
      const [digest, file] = manifest.trim().split('  ') as [string, string];
      const bytes = await readFile(join(folder, file));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest);
      const { vkeys } = (await product.client.get('/v1/audit/log')).body as { vkeys: string[] };
      expect(verifier.verify(bytes, '--key', vkeys[0] as string)).toMatchObject({
        code: 0,
        counts: { events: 4 },
      });
      expect(bytes.toString('utf8')).toContain(mixed.standard.leaf.toString('base64'));
    });

    it('leaves a trail and exports in which nothing is missing that should be there', async () => {
      expect(await verify()).toMatchObject({ valid: true, faults: [] });
      const { text } = await product.client.get('/v1/audit/export');
      const { vkeys } = (await product.client.get('/v1/audit/log')).body as { vkeys: string[] };
      const args = ['--key', vkeys[0] as string] as const;
      expect(verifier.verify(text, ...args, '--accept-gone')).toMatchObject({ code: 0, counts: { gone: 1 } });
      expect(verifier.verify(text, ...args).code).not.toBe(0);
    });

    it('is still known to reports', async () => {
      const { body } = await product.client.get(wholeDay());
      expect(body.events).toEqual(figures);
      expect((await product.client.get(period())).status).toBe(200);
    });

    it('does not pass for anything else that was taken away', async () => {
      const { day } = mixed;
      const [copy] = await product.database.query<{ row: string }>(
        'select audit_event::text as row from audit_event where id = $1',
        [mixed.consent.id],
      );
      await product.database.force('delete from audit_event where id = $1', [mixed.consent.id]);
      expect(await faultsOf()).toContain('event_missing');
      // To say that it went in order as well does not help: the record in the log says otherwise.
      const gaps = `select gaps from audit_retirement where tenant_id = $1 and day = $2`;
      const [before] = await product.database.query<{ gaps: string }>(`select gaps::text from (${gaps}) g`, [
        TEST_TENANT_ID,
        day,
      ]);
      await product.database.force(
        `update audit_retirement set gaps = '{[0,1000)}' where tenant_id = $1 and day = $2`,
        [TEST_TENANT_ID, day],
      );
      expect(await faultsOf()).toEqual(expect.arrayContaining(['retirement_differs', 'event_missing']));
      await product.database.force(
        'update audit_retirement set gaps = $3::int8multirange where tenant_id = $1 and day = $2',
        [TEST_TENANT_ID, day, before?.gaps],
      );
      await product.database.force('insert into audit_event select ($1::audit_event).*', [copy?.row]);
      expect(await verify()).toMatchObject({ valid: true });
    });

    it('takes nothing twice', async () => {
      expect(await retire(mixed.day)).toBe(0);
    });
  });

  it('takes more out of a day as more classes come to their end, from the files of the first time', async () => {
    const mixed = await mixedDay(190);
    expect(await retire(mixed.day)).toBe(2);
    const { manifest } = await newest('retention.trail_dropped');
    await product.client.request('PUT', '/v1/audit/retention-policies/security', {
      body: { retentionDays: 90 },
    });
    expect(await retire(mixed.day)).toBe(1);
    expect(await newest('retention.trail_dropped')).toMatchObject({ dropped: 1, kept: 1, manifest });
    expect((await proofOf(mixed.security.id)).status).toBe(410);
    expect((await proofOf(mixed.consent.id)).status).toBe(200);
    expect(await verify()).toMatchObject({ valid: true, faults: [] });
    await product.client.request('DELETE', '/v1/audit/retention-policies/security');
  });

  it('waits for whoever reads the trail', async () => {
    const day = dayBefore(110);
    await makeDay(product, day);
    await recordOn(product, TEST_TENANT_ID, day, STANDARD);
    await seal();
    const read = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const reader = product.app.get(DatabaseService).withTenant(TEST_TENANT_ID, async (trx) => {
      await sql`select count(*) from audit_event`.execute(trx);
      read.resolve();
      await release.promise;
    });
    await read.promise;
    const retiring = retire(day);
    const waiting = `select from pg_locks where relation = 'audit_event'::regclass and not granted`;
    await expect
      .poll(() => product.database.query(waiting), { timeout: 20_000, interval: 5 })
      .toHaveLength(1);
    release.resolve();
    await reader;
    expect(await retiring).toBe(1);
  });

  it('drops a day of which nothing is kept, and the log begins later', async () => {
    const day = dayBefore(100);
    await makeDay(product, day);
    const [first, second] = [
      await recordOn(product, OTHER_TENANT_ID, day, STANDARD),
      await recordOn(product, OTHER_TENANT_ID, day, STANDARD),
    ];
    await seal(OTHER_TENANT_ID);
    expect(await retire(day)).toBe(2);
    expect(await partitionOf(day)).toBeNull();
    await seal(OTHER_TENANT_ID);
    expect(await log().info(OTHER_TENANT_ID)).toMatchObject({ minimumIndex: 2 });
    await expect(log().inclusion(OTHER_TENANT_ID, second.id)).rejects.toMatchObject({
      code: 'AUDIT_RETENTION_PASSED',
      members: { minimumIndex: 2 },
    });
    expect(await log().inclusionAt(OTHER_TENANT_ID, 0)).toMatchObject({ eventId: first.id, leaf: undefined });
  });

  it('keeps what a tenant holds, and takes the same of another', async () => {
    const day = dayBefore(120);
    await makeDay(product, day);
    const held = await recordOn(product, TEST_TENANT_ID, day, STANDARD);
    const free = await recordOn(product, OTHER_TENANT_ID, day, STANDARD);
    await seal();
    await seal(OTHER_TENANT_ID);
    const holdId = newId();
    await product.database.force(
      `insert into legal_hold (id, tenant_id, scope, from_at, to_at, reference, set_by, set_at)
       values ($1, $2, 'period', $3, $4, 'case 1', 'x', now())`,
      [holdId, TEST_TENANT_ID, `${dayBefore(130)}T00:00:00Z`, `${dayBefore(110)}T00:00:00Z`],
    );
    expect(await retire(day)).toBe(1);
    await expect(log().inclusion(OTHER_TENANT_ID, free.id)).rejects.toMatchObject({
      code: 'AUDIT_RETENTION_PASSED',
    });
    expect((await proofOf(held.id)).status).toBe(200);
    await product.database.force('delete from legal_hold where id = $1', [holdId]);
    expect(await retire(day)).toBe(1);
    expect((await proofOf(held.id)).status).toBe(410);
  });

  it('keeps the chain of a run for as long as the run', async () => {
    const day = dayBefore(200);
    await makeDay(product, day);
    const run = storedRun({ tenantId: OTHER_TENANT_ID });
    await storeRuns(product.database, [run]);
    const event = await recordOn(product, OTHER_TENANT_ID, day, OF_RUN, run.id);
    await seal(OTHER_TENANT_ID);
    expect(await retire(day)).toBe(0);
    expect(await log().inclusion(OTHER_TENANT_ID, event.id)).toMatchObject({ eventId: event.id });
    await product.database.force('delete from workflow_run where id = $1', [run.id]);
    expect(await retire(day)).toBe(1);
  });

  it('keeps longest what it does not know, and what waits for its place', async () => {
    const day = dayBefore(500);
    await makeDay(product, day);
    const { id } = await recordOn(product, TEST_TENANT_ID, day, STANDARD);
    expect(await retire(day)).toBe(0);
    await seal();
    await product.database.force(`update audit_event set type = 'of.another_version' where id = $1`, [id]);
    expect(await retire(day)).toBe(0);
    await product.database.force(`update audit_event set type = 'schedule.paused' where id = $1`, [id]);
    expect(await retire(day)).toBe(1);
  });

  it('takes one pass at a time, through the days that may hold something due', async () => {
    const day = dayBefore(140);
    await makeDay(product, day);
    await recordOn(product, TEST_TENANT_ID, day, STANDARD);
    await seal();
    const pass = product.app.get(TrailRetentionPass, { strict: false });
    const results = await Promise.all([pass.run(never), pass.run(never)]);
    expect(results.filter((result) => result !== undefined)).toEqual([
      expect.objectContaining({ events: 1, days: 1, failedDays: 0 }),
    ]);
    expect(await pass.run(never)).toMatchObject({ events: 0, failedDays: 0 });
  });

  describe('is decided by the database', () => {
    let day: string;
    const asRetention = <T>(work: Parameters<DatabaseService['withRetention']>[1]) =>
      product.app.get(DatabaseService).withRetention(TEST_TENANT_ID, work) as Promise<T>;
    const call = (records: readonly string[] = []) =>
      asRetention((trx) => sql`select retire_audit_day(${day}::date, ${records}::uuid[])`.execute(trx));

    beforeAll(async () => {
      day = dayBefore(150);
      await makeDay(product, day);
      await recordOn(product, TEST_TENANT_ID, day, STANDARD);
      await seal();
    });

    it('which lets nothing go before it is counted, exported and recorded', async () => {
      expect(
        await asRetention((trx) =>
          sql`select dropped::int from due_audit_events(${day}::date)`.execute(trx).then(({ rows }) => rows),
        ),
      ).toEqual([{ dropped: 0 }]);
      await product.client.get(
        `/v1/compliance/report?from=${day}T00:00:00.000Z&to=${new Date(Date.parse(day) + 86_400_000).toISOString()}`,
      );
      await expect(call()).rejects.toMatchObject({ code: 'CS007' });
      await asRetention((trx) =>
        sql`insert into audit_archive (tenant_id, day, from_index, to_index, file, digest, verified_at)
            values (${TEST_TENANT_ID}, ${day}::date, 0, 100000, 'claimed', sha256('x'), now())`.execute(trx),
      );
      await expect(call()).rejects.toMatchObject({ code: 'CS003' });
      const old = await recordOn(product, TEST_TENANT_ID, new Date().toISOString().slice(0, 10), {
        type: 'retention.trail_dropped',
        detail: { day, gaps: '0'.repeat(64) },
      });
      await expect(call([old.id])).rejects.toMatchObject({ code: 'CS003' });
      expect(await partitionOf(day)).not.toBeNull();
    });

    it('which does not look at tables that a caller puts in the way', async () => {
      await expect(
        asRetention(async (trx) => {
          await sql`create temp table audit_archive (tenant_id uuid, day date, from_index bigint, to_index bigint)`.execute(
            trx,
          );
          await sql`create temp table audit_event_class (type text, class text)`.execute(trx);
          const { rows } =
            await sql`select dropped::int from due_audit_events(${dayBefore(95)}::date)`.execute(trx);
          expect(rows).toEqual([{ dropped: 0 }]);
          await sql`select retire_audit_day(${day}::date, '{}')`.execute(trx);
        }),
      ).rejects.toMatchObject({ code: 'CS003' });
    });

    it('which keeps records for longer, and never for less', async () => {
      await expect(
        product.database.query(
          `update audit_event_class set class = 'standard' where type = 'consent.recorded'`,
        ),
      ).rejects.toMatchObject({ code: 'CS002' });
      await expect(
        product.database.query(`insert into audit_retention_policy values ($1, 'consent', 100, 'x', now())`, [
          TEST_TENANT_ID,
        ]),
      ).rejects.toMatchObject({ code: 'CS007' });
    });
  });

  describe('by policies', () => {
    const path = '/v1/audit/retention-policies';
    const put = (name: string, body: unknown, key?: string) =>
      product.client.request('PUT', `${path}/${name}`, { body, key });

    it('begins with the defaults, and says the floors', async () => {
      const { body } = await product.client.get(path);
      expect((body.items as object[]).map((item) => Object.values(item).slice(0, 3))).toEqual([
        ['standard', 90, 30],
        ['security', 365, 90],
        ['ai-high-risk', 183, 183],
        ['consent', 1096, 1096],
        ['hipaa', 2192, 2192],
      ]);
    });

    it('is set for longer and for shorter down to the floor, each change with its record', async () => {
      expect(await put('standard', { retentionDays: 30 })).toMatchObject({
        status: 200,
        body: { retentionDays: 30, source: 'tenant', floorDays: 30 },
      });
      const { body } = await product.client.get(
        '/v1/audit/events?type=retention.trail_policy_changed&limit=1',
      );
      expect(body.items).toMatchObject([{ change: { from: 'default', to: '30' } }]);
      expect((await product.client.request('DELETE', `${path}/standard`)).status).toBe(204);
      expect((await product.client.get(`${path}/standard`)).body).toMatchObject({
        retentionDays: 90,
        source: 'default',
      });
    });

    it('is refused below the floor of a class', async () => {
      const answer = await put('ai-high-risk', { retentionDays: 182 });
      expectProblem(answer, 400, 'VALIDATION_FAILED');
      expect(answer.body.errors).toMatchObject([{ path: 'retentionDays' }]);
    });

    it('is refused to whoever may not set it, and for classes that there are not', async () => {
      expectProblem(await put('unheard-of', { retentionDays: 90 }), 404, 'RETENTION_CLASS_NOT_FOUND');
      expectProblem(await put('standard', { retentionDays: -1 }), 400, 'VALIDATION_FAILED');
      const { key } = await product.makeKey('compliance_officer');
      expectProblem(await put('standard', { retentionDays: 90 }, key), 403, 'FORBIDDEN');
      expect((await product.client.get(path, { key })).status).toBe(200);
      expectProblem(await put('standard', { retentionDays: 90 }, ''), 401, 'UNAUTHENTICATED');
    });

    it('puts every record of a tenant under six years where it is told to', async () => {
      const day = dayBefore(160);
      await makeDay(product, day);
      await recordOn(product, TEST_TENANT_ID, day, STANDARD);
      await seal();
      await put('hipaa', { retentionDays: 2192 });
      expect(await retire(day)).toBe(0);
      await product.client.request('DELETE', `${path}/hipaa`);
      expect(await retire(day)).toBe(1);
    });
  });
});
