import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExportUpkeep } from '../../src/compliance/audit-exports/export-upkeep.service.js';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { SealedValues } from '../../src/compliance/audit/sealed/sealed-values.service.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { newId } from '../../src/kernel/ids.js';
import { campaignInReview, untilEnded } from '../harness/campaign.js';
import { forge, type Forgeable, linesOf } from '../harness/forged-export.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { type Product, startProduct } from '../harness/product.js';
import { expectProblem } from '../harness/problem.js';
import { RunReader } from '../harness/run-reader.js';

let product: Product;
let runId: string;
let tenantId: string;
let vkey: string;
const offline = new OfflineVerifier();

beforeAll(async () => {
  product = await startProduct();
  runId = await campaignInReview(product.client);
  await new RunReader(product.client).decide(runId, { decision: 'approve' });
  await untilEnded(product.client, runId);
  tenantId = (await product.client.get('/v1/me')).body.tenantId;
  await product.app.get(AuditLog).seal(tenantId);
  vkey = (await product.client.get('/v1/audit/log')).body.vkeys[0];
});
afterAll(async () => {
  offline.close();
  await product.close();
});

async function exported(query = ''): Promise<string> {
  const { status, text, headers } = await product.client.get(`/v1/audit/export${query}`);
  expect(status, text).toBe(200);
  expect(headers.get('content-type')).toBe('application/x-ndjson');
  return text;
}

const headerOf = (text: string) => linesOf(text)[0] as Forgeable & { treeSize: number };

describe('an export of the log', () => {
  it('is verified offline, with every event, every run and its own record', async () => {
    const text = await exported();
    const { treeSize } = headerOf(text);
    expect(offline.verify(text, '--key', vkey)).toMatchObject({
      code: 0,
      input: 'log',
      counts: { events: treeSize, runs: 1, gone: 0 },
    });
    const lines = linesOf(text);
    expect(lines).toContainEqual(expect.objectContaining({ kind: 'run', id: runId }));
    const types = lines.filter(({ kind }) => kind === 'event').map(leafOf);
    expect(types).toContainEqual(
      expect.objectContaining({ type: 'audit.exported', detail: { export: 'log', filters: '' } }),
    );
  });

  it('continues what the server has anchored outside its database', async () => {
    const text = await exported();
    const anchor = `${product.config.audit.anchorFolder}/${tenantId}`;
    const verdict = offline.verify(text, '--key', vkey, '--anchor', anchor);
    expect(verdict).toMatchObject({ code: 0 });
    expect(verdict.comparedCheckpoints).toBeGreaterThan(0);
  });

  it('may be any stretch, and leads to the same root', async () => {
    const { treeSize } = headerOf(await exported());
    for (const [from, to] of [
      [0, 1],
      [3, 9],
      [5, treeSize],
    ] as const) {
      const text = await exported(`?fromIndex=${from}&toIndex=${to}`);
      expect(offline.verify(text, '--key', vkey)).toMatchObject({ code: 0, counts: { events: to - from } });
    }
  });

  it('shows that the log continues an earlier checkpoint', async () => {
    const earlier = (await product.client.get('/v1/audit/checkpoint')).text;
    const size = Number(earlier.split('\n')[1]);
    const anchor = offline.file(earlier);
    const text = await exported(`?type=workflow.transition&consistentWith=${size}`);
    expect(offline.verify(text, '--key', vkey, '--anchor', anchor)).toMatchObject({
      code: 0,
      comparedCheckpoints: 1,
    });
  });
});

describe('a filtered export', () => {
  it('holds what passes the filters, each with its proof', async () => {
    const text = await exported(`?workflowId=${runId}&type=workflow.transition`);
    expect(offline.verify(text, '--key', vkey)).toMatchObject({
      code: 0,
      input: 'filtered',
      counts: { runs: 1 },
    });
    const events = linesOf(text)
      .filter(({ kind }) => kind === 'event')
      .map(leafOf);
    expect(events.length).toBeGreaterThan(3);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['workflow.transition']));
  });

  it('of nothing is an export that proves nothing', async () => {
    const text = await exported(`?workflowId=${newId()}`);
    expect(offline.verify(text, '--key', vkey)).toMatchObject({ code: 2, fault: { reason: 'no_events' } });
  });

  it('takes times', async () => {
    const text = await exported(`?from=2000-01-01T00:00:00Z&to=2001-01-01`);
    expect(headerOf(text)['filters']).toEqual({
      from: '2000-01-01T00:00:00.000Z',
      to: '2001-01-01T00:00:00.000Z',
    });
  });
});

describe('what an export may hold besides', () => {
  it('are the checkpoints signed within it', async () => {
    for (let n = 0; n < 3; n++) {
      await product.client.post('/v1/sessions', {});
      await product.app.get(AuditLog).seal(tenantId);
    }
    const text = await exported('?checkpoints=true');
    expect(offline.verify(text, '--key', vkey)).toMatchObject({ code: 0 });
    const notes = linesOf(text).filter(({ kind }) => kind === 'checkpoint');
    expect(notes.length).toBeGreaterThan(3);
    expect(linesOf(await exported()).filter(({ kind }) => kind === 'checkpoint')).toHaveLength(1);
  });

  it('are personal values with what proves them, and that is on record', async () => {
    const subjectRef = `sub_${'a'.repeat(64)}`;
    const fact = {
      type: 'subject.exported',
      outcome: 'success',
      actor: { type: 'system', ref: 'test' },
    } as const;
    const personal = [{ path: '/subject', subjectRef, value: 'ada@example.com' }];
    const values = product.app.get(SealedValues);
    await product.app
      .get(DatabaseService)
      .withTenant(tenantId, (trx) => values.append(trx, tenantId, fact, personal));
    const hidden = await exported('?type=subject.exported');
    expect(hidden).not.toContain('ada@example.com');
    const shown = await exported('?type=subject.exported&disclose=true');
    const verdict = offline.verify(shown, '--key', vkey);
    expect(verdict, JSON.stringify(verdict)).toMatchObject({ code: 0, counts: { disclosed: 1 } });
    expect(shown).toContain('ada@example.com');
    const forged = forge(shown, (lines) => {
      const shownValues = lines.flatMap(({ disclosed }) => (disclosed ?? []) as { value: unknown }[]);
      for (const each of shownValues) each.value = 'eve@example.com';
    });
    expect(offline.verify(forged, '--key', vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'disclosure_differs' },
    });
    const { body } = await product.client.get('/v1/audit/events?type=audit.exported&limit=2');
    expect(body.items.map(({ detail }: { detail: object }) => detail)).toEqual([
      { export: 'filtered', filters: 'type', disclosed: true },
      { export: 'filtered', filters: 'type' },
    ]);
  });

  it.each([
    ['cloudevents', 'specversion'],
    ['ocsf', 'class_uid'],
  ])('are the words of others: %s', async (format, member) => {
    const text = await exported(`?workflowId=${runId}&format=${format}`);
    const lines = linesOf(text);
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.every((line) => member in line)).toBe(true);
  });
});

describe('an export made in the background', () => {
  const files = '/v1/audit/exports';
  const done = (id: string) =>
    product.client.until(`${files}/${id}`, ({ body }) => !['QUEUED', 'RUNNING'].includes(body.status));
  const recorded = async (id: string) => {
    const { body } = await product.client.get('/v1/audit/events?limit=50');
    return (body.items as { type: string; targets?: { ref: string }[] }[])
      .filter(({ targets }) => targets?.[0]?.ref === id)
      .map(({ type }) => type)
      .toReversed();
  };

  it('is fetched once it is whole, is verified offline, and every step is on record', async () => {
    const { status, body, text } = await product.client.post(files, { checkpoints: true });
    expect(status, text).toBe(202);
    expect(body).toMatchObject({ progress: { next: null, share: 0 }, expiresAt: null });
    const made = (await done(body.id)).body;
    expect(made).toMatchObject({ status: 'COMPLETED', code: null, progress: { share: 1 } });
    const file = await product.client.get(made.links.file);
    expect(file.headers.get('content-length')).toBe(String(made.bytes));
    expect(createHash('sha256').update(file.text).digest('hex')).toBe(made.sha256);
    expect(offline.verify(file.text, '--key', vkey)).toMatchObject({ code: 0, input: 'log' });
    expect(await recorded(body.id)).toEqual([
      'audit.export_requested',
      'audit.export_finished',
      'audit.export_downloaded',
    ]);
    expect((await product.client.get(files)).body.items[0]).toEqual(made);
  });

  it('is made once for one key', async () => {
    const headers = { 'idempotency-key': 'export-1' };
    const ask = () => product.client.post(files, { type: 'workflow.transition' }, { headers });
    const [first, second] = [await ask(), await ask()];
    expect(second.body.id).toBe(first.body.id);
    await done(first.body.id);
  });

  it('begins again where a process died over it, and what that left is not taken for the file', async () => {
    const { id } = (await product.client.post(files, { workflowId: runId })).body;
    await done(id);
    const path = join(product.config.audit.exportFolder, tenantId, `${id}.ndjson`);
    await writeFile(`${path}.partial`, 'half a line');
    await rm(path);
    await product.database.query(
      `update trail_export set status = 'RUNNING', bytes = null, digest = null, next_index = 1 where id = $1`,
      [id],
    );
    expectProblem(await product.client.get(`${files}/${id}/file`), 409, 'AUDIT_EXPORT_NOT_READY');
    const database = product.app.get(DatabaseService);
    const jobs = product.app.get(JobsService);
    await database.withTenant(tenantId, (trx) =>
      jobs.enqueue(trx, 'audit.export', { tenantId, exportId: id }),
    );
    const { body } = await done(id);
    expect(body.status).toBe('COMPLETED');
    const { text } = await product.client.get(`${files}/${id}/file`);
    expect(offline.verify(text, '--key', vkey)).toMatchObject({ code: 0, input: 'filtered' });
    expect(await readdir(dirname(path))).not.toContain(`${id}.ndjson.partial`);
  });

  it('goes when its time is over', async () => {
    const { id } = (await product.client.post(files, { toIndex: 2 })).body;
    await done(id);
    await product.database.query(
      `update trail_export set expires_at = now() - interval '1 s' where id = $1`,
      [id],
    );
    expectProblem(await product.client.get(`${files}/${id}/file`), 410, 'AUDIT_EXPORT_EXPIRED');
    await product.app.get(ExportUpkeep, { strict: false }).removeExpired();
    expect((await product.client.get(`${files}/${id}`)).body.status).toBe('EXPIRED');
    expect(await readdir(join(product.config.audit.exportFolder, tenantId))).not.toContain(`${id}.ndjson`);
    expect((await recorded(id)).at(-1)).toBe('audit.export_expired');
    expectProblem(await product.client.get(`${files}/${id}/file`), 410, 'AUDIT_EXPORT_EXPIRED');
  });

  it('is for those who oversee, and is refused before it is asked for in vain', async () => {
    const { key } = await product.makeKey('operator');
    for (const path of [files, `${files}/${newId()}`, `${files}/${newId()}/file`]) {
      expectProblem(await product.client.get(path, { key: '' }), 401, 'UNAUTHENTICATED');
      expectProblem(await product.client.get(path, { key }), 403, 'FORBIDDEN');
    }
    expectProblem(await product.client.post(files, {}, { key }), 403, 'FORBIDDEN');
    for (const id of ['no-id', newId()]) {
      expectProblem(await product.client.get(`${files}/${id}`), 404, 'AUDIT_EXPORT_NOT_FOUND');
      expectProblem(await product.client.get(`${files}/${id}/file`), 404, 'AUDIT_EXPORT_NOT_FOUND');
    }
    for (const body of [
      { fromIndex: -1 },
      { toIndex: 999_999 },
      { fromIndex: 1, type: 'workflow.transition' },
      { consistentWith: 999_999 },
      { disclose: true },
      { checkpoints: 'yes' },
      { from: 'yesterday' },
    ]) {
      expectProblem(await product.client.post(files, body), 400, 'VALIDATION_FAILED');
    }
  });
});

describe('who owns the database', () => {
  const unguarded = (statements: string) =>
    product.database.query(`begin; set local session_replication_role = replica; ${statements}; commit`);

  it('is found out by name, whichever way a sealed record was rewritten', async () => {
    const [event] = await product.database.query<{ id: string; index: number }>(
      `select event.id, place.index from audit_event event join audit_index place on place.event_id = event.id
        where type = 'approval.decided'`,
    );
    const leaf = `convert_to(replace(convert_from(leaf, 'UTF8'), '"decision":"approve"', '"decision":"reject"'), 'UTF8')`;
    const place = { index: Number(event?.index), eventId: event?.id };
    await unguarded(`create table kept as select * from audit_event where id = '${event?.id}'`);
    const attacks: [string, object][] = [
      [`update audit_event set leaf = ${leaf}`, { reason: 'leaf_hash_differs', ...place }],
      [
        `update audit_event set leaf = ${leaf}, leaf_hash = sha256('\\x00'::bytea || ${leaf})`,
        { reason: 'leaf_hash_differs', ...place },
      ],
      [`update audit_event set actor_ref = 'somebody-else'`, { reason: 'projection_differs', ...place }],
      [`delete from audit_event`, { reason: 'leaf_gone', index: place.index }],
    ];
    for (const [attack, fault] of attacks) {
      await unguarded(`${attack} where id = '${event?.id}'`);
      expect(offline.verify(await exported(), '--key', vkey), attack).toMatchObject({ code: 1, fault });
      await unguarded(
        `delete from audit_event where id = '${event?.id}'; insert into audit_event select * from kept`,
      );
    }
    await unguarded('drop table kept');
    expect(offline.verify(await exported(), '--key', vkey)).toMatchObject({ code: 0 });
  });
});

describe('a proof of the server', () => {
  it('is verified offline', async () => {
    const { body } = await product.client.get(`/v1/audit/events?workflowId=${runId}&limit=1`);
    const proof = await product.client.get(`/v1/audit/proofs/inclusion?eventId=${body.items[0].id}`);
    expect(offline.verify(proof.text, '--key', vkey)).toMatchObject({ code: 0, input: 'proof' });
  });

  it('is verified offline in the form of C2SP too', async () => {
    const { body } = await product.client.get(`/v1/audit/events?workflowId=${runId}&limit=1`);
    const headers = { accept: 'text/vnd.c2sp.tlog-proof' };
    const { text } = await product.client.get(`/v1/audit/proofs/inclusion?eventId=${body.items[0].id}`, {
      headers,
    });
    expect(offline.verify(text, '--key', vkey)).toMatchObject({ code: 0, counts: { events: 1 } });
    const other = text.replace(/^index \d+$/m, 'index 0');
    expect(offline.verify(other, '--key', vkey)).toMatchObject({ code: 1, fault: { reason: 'proof_fails' } });
  });

  it('of continuation is verified against a checkpoint that was kept', async () => {
    const kept = (await product.client.get('/v1/audit/checkpoint')).text;
    const from = Number(kept.split('\n')[1]);
    await exported();
    const to = Number((await product.client.get('/v1/audit/checkpoint')).text.split('\n')[1]);
    const proof = await product.client.get(`/v1/audit/proofs/consistency?from=${from}&to=${to}`);
    const anchor = offline.file(kept);
    expect(offline.verify(proof.text, '--key', vkey, '--anchor', anchor)).toMatchObject({
      code: 0,
      input: 'proof',
    });
  });
});

describe('the route', () => {
  it('is for those who oversee', async () => {
    const { key } = await product.makeKey('operator');
    expectProblem(await product.client.get('/v1/audit/export', { key }), 403, 'FORBIDDEN');
    expectProblem(await product.client.get('/v1/audit/export', { key: '' }), 401, 'UNAUTHENTICATED');
    const officer = await product.makeKey('compliance_officer');
    expect((await product.client.get('/v1/audit/export?toIndex=1', { key: officer.key })).status).toBe(200);
  });

  it.each([
    'fromIndex=-1',
    'fromIndex=5&toIndex=5',
    'toIndex=999999',
    'fromIndex=1&type=workflow.transition',
    'consistentWith=0',
    'consistentWith=999999',
    'workflowId=not-an-id',
    'disclose=yes',
    'checkpoints=1',
    'format=xml',
    'format=ocsf&disclose=true',
    'from=yesterday',
    'unknown=1',
  ])('refuses ?%s before anything is sent', async (query) => {
    expectProblem(await product.client.get(`/v1/audit/export?${query}`), 400, 'VALIDATION_FAILED');
  });

  it('hands nothing out that it cannot record', async () => {
    await product.database.query(`
      create function refuse_export() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger refuse_export before insert on audit_event
        for each row when (new.type = 'audit.exported') execute function refuse_export()`);
    expectProblem(await product.client.get('/v1/audit/export'), 503, 'AUDIT_UNAVAILABLE');
    await product.database.query('drop trigger refuse_export on audit_event; drop function refuse_export()');
  });
});

function leafOf(line: Forgeable): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(line['leaf']), 'base64').toString()) as Record<string, unknown>;
}
