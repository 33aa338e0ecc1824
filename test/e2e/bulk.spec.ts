import { createSecretKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashApiKey } from '../../src/auth/api-key-secret.js';
import { deriveKey } from '../../src/kernel/sealing.js';
import { newId } from '../../src/kernel/ids.js';
import {
  campaignRows,
  ndjsonOf,
  noteRows,
  prepareNotes,
  untilStarted,
  upload,
  type UploadOptions,
} from '../harness/bulk-upload.js';
import { CanarySearch } from '../harness/canaries.js';
import { openSession } from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import type { TestAnswer } from '../harness/http-client.js';
import { databaseDump } from '../harness/leak-places.js';
import { canariesOf, PEOPLE } from '../harness/personal-campaign.js';
import { type Product, startProduct } from '../harness/product.js';

const MAX_ROWS = 500;
const MAX_BYTES = 400_000;
const MAX_ROW_BYTES = 4_096;
const MAX_IN_FLIGHT = 20;

let product: Product;
let query: Record<string, string>;

beforeAll(async () => {
  product = await startProduct({
    COUNTERSIGN__BULK__MAX_ROWS: String(MAX_ROWS),
    COUNTERSIGN__BULK__MAX_BYTES: String(MAX_BYTES),
    COUNTERSIGN__BULK__MAX_ROW_BYTES: String(MAX_ROW_BYTES),
    COUNTERSIGN__BULK__MAX_IN_FLIGHT: String(MAX_IN_FLIGHT),
  });
  query = await prepareNotes(product.client);
});
afterAll(() => product.close());

const send = (body: Parameters<typeof upload>[1], options: UploadOptions = {}) =>
  upload(product.client, body, { query, ...options });

/** Uploads rows that must be taken, and waits until nothing is left to start. */
async function sendAll(body: string, options: UploadOptions = {}): Promise<TestAnswer['body']> {
  const { status, body: receipt, text } = await send(body, options);
  expect(status, text).toBe(202);
  return untilStarted(product.client, receipt.batchId);
}

const rowsOf = async (id: string, parameters = 'limit=200') =>
  (await product.client.get(`/v1/workflows/bulk/${id}/rows?${parameters}`)).body.items as Record<
    string,
    unknown
  >[];

const countOf = async (text: string, ...values: unknown[]) =>
  (await product.database.query<{ count: number }>(`select count(*)::int as count from ${text}`, values))[0]
    ?.count;

const auditOf = (id: string) =>
  product.database.query<{ type: string; code: string | null; detail: unknown }>(
    `select type, leaf ->> 'code' as code, leaf -> 'detail' as detail
       from (select id, type, convert_from(leaf, 'UTF8')::jsonb as leaf from audit_event) event
      where leaf -> 'targets' -> 0 ->> 'ref' = $1 order by id`,
    [id],
  );

const typesOf = async (id: string) => (await auditOf(id)).map(({ type }) => type);

/** Batches there are, before and after something that must not make one that starts anything. */
const alive = () => countOf(`batch where status <> 'ABORTED'`);

describe('an upload', () => {
  it('starts one run for each row, in the name of who sent it, and follows the runs to their ends', async () => {
    const { status, body } = await send(ndjsonOf(noteRows(60)));
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { rows: 60, invalid: 0, links: { self: `/v1/workflows/bulk/${body.batchId}` } },
    });
    const settled = await product.client.until(
      `/v1/workflows/bulk/${body.batchId}`,
      (answer) => answer.body.settledAt !== null,
    );
    expect(settled.body).toMatchObject({
      id: body.batchId,
      status: 'COMPLETED',
      endReason: null,
      definition: 'quick-note',
      version: 1,
      rows: { total: 60, started: 60, failed: 0, pending: 0, cancelled: 0 },
      runs: { completed: 60, failed: 0, rejected: 0, cancelled: 0, open: 0 },
    });
    const rows = await rowsOf(body.batchId);
    expect(rows.map(({ row, line, status: state }) => [row, line, state])).toEqual(
      Array.from({ length: 60 }, (_, index) => [index + 1, index + 1, 'started']),
    );
    expect(new Set(rows.map(({ runId }) => runId)).size).toBe(60);
    const run = await product.client.get(`/v1/workflows/${String(rows[0]?.['runId'])}`);
    expect(run.body).toMatchObject({ definition: 'quick-note', ownerId: settled.body.ownerId });
    expect(await auditOf(body.batchId)).toEqual([
      {
        type: 'batch.created',
        code: null,
        detail: { format: 'ndjson', onError: 'continue', definition: 'quick-note', version: 1 },
      },
      { type: 'batch.received', code: null, detail: { rows: 60, invalid: 0 } },
      { type: 'batch.started', code: null, detail: { rows: 60 } },
      { type: 'batch.completed', code: null, detail: { started: 60, failed: 0 } },
    ]);
  });

  it('may be CSV, compressed, and come in pieces', async () => {
    const lines = noteRows(5).map(
      (_row, index) => `"Note, ""${index}""",Ada,ada.${index}@example.org,c-${index}`,
    );
    const csv = `\uFEFFtext,to.0.name,to.0.email,attribute.crm\r\n${lines.join('\r\n')}\r\n`;
    const bytes = gzipSync(csv);
    const pieces = ReadableStream.from([bytes.subarray(0, 7), bytes.subarray(7, 60), bytes.subarray(60)]);
    const headers = { 'content-encoding': 'gzip' };
    const { status, body, text } = await send(pieces, { type: 'text/csv; charset=utf-8', headers });
    expect(status, text).toBe(202);
    expect(await untilStarted(product.client, body.batchId)).toMatchObject({
      format: 'csv',
      rows: { started: 5 },
    });
    const { items } = (await product.client.get('/v1/workflows?attribute.crm=c-3')).body;
    expect(items).toHaveLength(1);
  });

  it('goes on past rows that cannot be started, and tells of each why without saying what it holds', async () => {
    const [first, second, third] = noteRows(3);
    const secret = 'Wilhelmina Throckmorton';
    const content = [
      JSON.stringify(first),
      `{"input": ${secret}`,
      JSON.stringify({ input: { text: secret, to: [{ name: secret, email: secret }] } }),
      JSON.stringify({ ...second, [secret]: 1 }),
      JSON.stringify({ ...second, sessionId: newId() }),
      JSON.stringify({ input: { text: 'x'.repeat(2 * MAX_ROW_BYTES) } }),
      JSON.stringify({ ...second, definition: 'no-such' }),
      JSON.stringify({ ...second, attributes: { who: 'w.throckmorton@example.com' } }),
      JSON.stringify({ ...third, attributes: { crm: 'c-77' } }),
    ].join('\n');
    const batch = await sendAll(content);
    expect(batch).toMatchObject({
      status: 'COMPLETED',
      rows: { total: 9, started: 2, failed: 7, pending: 0 },
    });
    const failed = await rowsOf(batch.id, 'status=failed');
    expect(failed).toMatchObject([
      { row: 2, line: 2, code: 'ROW_MALFORMED', errors: [{ path: '', message: 'is not valid JSON' }] },
      { row: 3, code: 'VALIDATION_FAILED', errors: [{ path: 'input.to.0.email' }] },
      { row: 4, code: 'VALIDATION_FAILED', errors: [{ path: '[field]', message: 'is not a known field' }] },
      { row: 5, code: 'SESSION_NOT_FOUND', errors: [] },
      { row: 6, code: 'ROW_TOO_LARGE' },
      { row: 7, code: 'DEFINITION_NOT_FOUND' },
      { row: 8, code: 'VALIDATION_FAILED', errors: [{ path: 'attributes.who' }] },
    ]);
    expect(JSON.stringify(failed)).not.toMatch(/wilhelmina|throckmorton/i);
    expect(await typesOf(batch.id)).toContain('batch.rows_failed');
    const pages = await product.client.get(`/v1/workflows/bulk/${batch.id}/rows?status=failed&limit=3`);
    const rest = await rowsOf(batch.id, `status=failed&limit=200&cursor=${String(pages.body.nextCursor)}`);
    expect([...pages.body.items, ...rest]).toEqual(failed);
  });

  it('has a row refused that no consent covers, by the rule that says so', async () => {
    const { body: session } = await product.client.post('/v1/sessions', {});
    const batch = await sendAll(ndjsonOf(noteRows(1)), { query: { ...query, sessionId: session.id } });
    expect(await rowsOf(batch.id)).toMatchObject([
      { code: 'TRANSITION_DENIED', violations: [{ rule: expect.stringContaining('consent') }] },
    ]);
  });

  it('stops at the first row that fails when it is asked to, and starts none behind it', async () => {
    const rows = noteRows(30);
    const refused = rows.with(20, { input: { text: 'x', to: [] } });
    const stop = { query: { ...query, onError: 'stop' } };
    const batch = await sendAll(ndjsonOf(refused), stop);
    expect(batch).toMatchObject({
      status: 'CANCELLED',
      endReason: 'ROW_FAILED',
      rows: { total: 30, started: 20, failed: 1, pending: 0, cancelled: 9 },
    });
    const unreadable = await sendAll(`${ndjsonOf(rows.slice(0, 3))}no row\n${ndjsonOf(rows.slice(3))}`, stop);
    expect(unreadable).toMatchObject({ status: 'CANCELLED', rows: { started: 3, failed: 1, cancelled: 27 } });
    expect((await rowsOf(unreadable.id)).map(({ status }) => status)).toEqual([
      ...Array.from({ length: 3 }, () => 'started'),
      'failed',
      ...Array.from({ length: 27 }, () => 'cancelled'),
    ]);
  });

  it('starts a row under its own key once, whoever started it before', async () => {
    const [row] = noteRows(1);
    const key = 'ada@example.org/welcome';
    const single = await product.client.post(
      '/v1/workflows',
      { ...query, ...row },
      { headers: { 'idempotency-key': key } },
    );
    expect(single.status, single.text).toBe(202);
    const content = ndjsonOf([
      { ...row, idempotencyKey: key },
      { ...row, idempotencyKey: 'row-2' },
    ]);
    const first = await rowsOf((await sendAll(content)).id);
    const second = await rowsOf((await sendAll(content)).id);
    expect(first[0]).toMatchObject({ status: 'started', runId: single.body.id });
    expect(second.map(({ runId }) => runId)).toEqual(first.map(({ runId }) => runId));
    const other = await sendAll(ndjsonOf([{ ...noteRows(2)[1], idempotencyKey: 'row-2' }]));
    expect(await rowsOf(other.id)).toMatchObject([{ status: 'failed', code: 'IDEMPOTENCY_KEY_REUSED' }]);
  });

  it('keeps no more runs going than it may', async () => {
    const rows = campaignRows(60);
    const sessionId = await openSession(product.client);
    const { body } = await send(ndjsonOf(rows), { query: { definition: 'email-campaign', sessionId } });
    let most = 0;
    await product.client.until(
      `/v1/workflows/bulk/${body.batchId}`,
      async (answer) => {
        const going = await countOf(
          `workflow_run where session_id = $1 and status in ('QUEUED', 'RUNNING')`,
          sessionId,
        );
        most = Math.max(most, going ?? 0);
        return answer.body.completedAt !== null;
      },
      60_000,
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(MAX_IN_FLIGHT);
  });
});

describe('an upload that is refused', () => {
  it.each<[what: string, body: string, options: UploadOptions, status: number, code: string]>([
    ['is of another type', '{}', { type: 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['is JSON', '{}', { type: 'application/json' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['is not UTF-8', '{}', { type: 'text/csv; charset=iso-8859-1' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'is compressed by something else',
      '{}',
      { headers: { 'content-encoding': 'br' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'is not compressed as it says',
      '{}',
      { headers: { 'content-encoding': 'gzip' } },
      400,
      'UPLOAD_UNREADABLE',
    ],
    ['has no rows', '\n\n', {}, 400, 'VALIDATION_FAILED'],
    ['has a header and no rows', 'text\n', { type: 'text/csv' }, 400, 'VALIDATION_FAILED'],
    ['has a header that means nothing', 'text,text\nx,y', { type: 'text/csv' }, 400, 'VALIDATION_FAILED'],
    ['has too many rows', '{"input":{}}\n'.repeat(MAX_ROWS + 1), {}, 413, 'BATCH_TOO_MANY_ROWS'],
    ['is too large', `{"input":{}}\n${' '.repeat(MAX_BYTES)}`, {}, 413, 'BODY_TOO_LARGE'],
    [
      'is too large when unpacked',
      `{"input":{}}\n${' '.repeat(MAX_BYTES)}`,
      { gzip: true },
      413,
      'BODY_TOO_LARGE',
    ],
    ['has a wrong query', '{}', { query: { onError: 'maybe' } }, 400, 'VALIDATION_FAILED'],
    ['has an unknown field in its query', '{}', { query: { session: 'x' } }, 400, 'VALIDATION_FAILED'],
    ['names no definition there is', '{}', { query: { definition: 'no-such' } }, 404, 'DEFINITION_NOT_FOUND'],
    ['names no session there is', '{}', { query: { sessionId: newId() } }, 404, 'SESSION_NOT_FOUND'],
    [
      'has an impossible key',
      '{}',
      { headers: { 'idempotency-key': 'a b' } },
      400,
      'INVALID_IDEMPOTENCY_KEY',
    ],
    ['comes from nobody', '{}', { key: '' }, 401, 'UNAUTHENTICATED'],
  ])('because it %s leaves nothing behind', async (_what, body, options, status, code) => {
    const before = await alive();
    const answer = await send(body, options);
    expect([answer.status, answer.body.code], answer.text).toEqual([status, code]);
    expect(await alive()).toBe(before);
    expect(await countOf(`batch_row join batch on batch.id = batch_id where batch.status = 'ABORTED'`)).toBe(
      0,
    );
  });

  it('because its sender may not start runs leaves nothing behind', async () => {
    const { key } = await product.makeKey('reviewer');
    expect(await send('{}', { key })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });

  it('is aborted, on the record, when it breaks off', async () => {
    const row = new TextEncoder().encode(ndjsonOf(noteRows(1)));
    const stop = new AbortController();
    async function* endless() {
      for (;;) {
        yield row;
        await pause(5);
        if ((await countOf(`batch where status = 'RECEIVING'`)) === 1) stop.abort();
      }
    }
    const path = `/v1/workflows/bulk?${new URLSearchParams(query).toString()}`;
    const sending = fetch(new URL(path, product.client.address), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${product.config.auth.apiKey}`,
        'content-type': 'application/x-ndjson',
      },
      body: ReadableStream.from(endless()),
      duplex: 'half',
      signal: stop.signal,
    });
    await expect(sending).rejects.toThrow('abort');
    const aborted = async () =>
      (await product.client.get('/v1/workflows/bulk?limit=1')).body.items[0] as Record<string, unknown>;
    await expect
      .poll(aborted, { timeout: 20_000 })
      .toMatchObject({ status: 'ABORTED', endReason: 'UPLOAD_BROKEN' });
    const { id } = await aborted();
    expect(await typesOf(String(id))).toEqual(['batch.created', 'batch.aborted']);
    expect(await countOf('batch_row where batch_id = $1', id)).toBe(0);
  });
});

describe('an upload with an idempotency key', () => {
  const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });

  it('gives the same batch again, also compressed, and another upload under the key nothing', async () => {
    const content = ndjsonOf(noteRows(3));
    const first = await send(content, withKey('upload-1'));
    const again = await send(content, {
      ...withKey('upload-1'),
      gzip: true,
      headers: { 'idempotency-key': 'upload-1' },
    });
    expect(again.status).toBe(202);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replay')).toBe('true');
    const other = await send(ndjsonOf(noteRows(2)), withKey('upload-1'));
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const elsewhere = await send(content, { ...withKey('upload-1'), query: { ...query, onError: 'stop' } });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await untilStarted(product.client, first.body.batchId)).toMatchObject({ rows: { started: 3 } });
  });

  it('waits for the one that is under way, and takes its place when that one is lost', async () => {
    const row = new TextEncoder().encode(ndjsonOf(noteRows(1)));
    const end = Promise.withResolvers<void>();
    async function* slow() {
      yield row;
      await end.promise;
    }
    const first = send(ReadableStream.from(slow()), withKey('upload-2'));
    await expect.poll(() => countOf(`batch where status = 'RECEIVING'`), { timeout: 20_000 }).toBe(1);
    const early = await send(row.toString(), withKey('upload-2'));
    expect([early.status, early.body.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    await product.database.query(
      `update batch set touched_at = touched_at - interval '1 hour' where status = 'RECEIVING'`,
    );
    const second = await send(ndjsonOf(noteRows(1)), withKey('upload-2'));
    expect(second.status, second.text).toBe(202);
    end.resolve();
    const late = await first;
    expect([late.status, late.body.code]).toEqual([409, 'BATCH_ALREADY_ENDED']);
  });

  it('may be tried again after it was refused', async () => {
    const refused = await send('no rows\n'.repeat(MAX_ROWS + 1), withKey('upload-3'));
    expect(refused.status).toBe(413);
    expect((await send(ndjsonOf(noteRows(1)), withKey('upload-3'))).status).toBe(202);
  });
});

describe('a batch', () => {
  it('that is cancelled starts nothing more, and erases what was left', async () => {
    const sessionId = await openSession(product.client);
    const sent = await send(ndjsonOf(campaignRows(200)), {
      query: { definition: 'email-campaign', sessionId },
    });
    const path = `/v1/workflows/bulk/${String(sent.body.batchId)}`;
    await product.client.until(path, ({ body }) => body.rows.started > 5);
    const cancelled = await product.client.post(`${path}/cancel`);
    expect(cancelled.status, cancelled.text).toBe(200);
    const { rows } = cancelled.body;
    expect(cancelled.body).toMatchObject({
      status: 'CANCELLED',
      endReason: 'REQUESTED',
      rows: { total: 200, pending: 0 },
    });
    expect(rows.started + rows.cancelled).toBe(200);
    expect(rows.cancelled).toBeGreaterThan(0);
    expect(await countOf('batch_row where batch_id = $1 and sealed is not null', sent.body.batchId)).toBe(0);
    const again = await product.client.post(`${path}/cancel`);
    expect([again.status, again.body.code]).toEqual([409, 'BATCH_ALREADY_ENDED']);
    await product.client.until(path, ({ body }) => body.runs.open === rows.started);
    expect(await countOf('workflow_run where session_id = $1', sessionId)).toBe(rows.started);
    expect(await typesOf(sent.body.batchId)).toContain('batch.cancelled');
  });

  it('acts in the name of a key, and with the key ends its right to start anything', async () => {
    const { id, key } = await product.makeKey('operator');
    const session = await product.client.post(
      '/v1/sessions',
      { consents: [{ subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }] },
      { key },
    );
    const sent = await send(ndjsonOf(campaignRows(200)), {
      key,
      query: { definition: 'email-campaign', sessionId: session.body.id },
    });
    await product.client.until(
      `/v1/workflows/bulk/${String(sent.body.batchId)}`,
      ({ body }) => body.rows.started > 0,
    );
    await product.client.request('DELETE', `/v1/api-keys/${id}`);
    const { rows, ...batch } = await untilStarted(product.client, sent.body.batchId);
    expect(batch).toMatchObject({ status: 'COMPLETED', ownerId: id });
    expect(rows.failed).toBeGreaterThan(0);
    expect(rows.started + rows.failed).toBe(200);
    const [failed] = await rowsOf(sent.body.batchId, 'status=failed&limit=1');
    expect(failed).toMatchObject({ code: 'API_KEY_INVALID' });
    expect(await auditOf(sent.body.batchId)).toContainEqual({
      type: 'batch.rows_failed',
      code: 'API_KEY_INVALID',
      detail: { rows: rows.failed },
    });
  });

  it('of another tenant is not there, as one that does not exist', async () => {
    const secret = createSecretKey(deriveKey(product.config.vault.kek, 'api-key'));
    const key = 'cs_test_a-key-of-the-other-tenant';
    await product.database.force(
      `insert into api_key (id, tenant_id, name, key_hash, display_prefix, roles, created_by) values ($1, $2, 'other', $3, 'cs_test_a', '{admin}', 'test')`,
      [newId(), OTHER_TENANT_ID, hashApiKey(secret, key)],
    );
    const batch = await sendAll(ndjsonOf(noteRows(1)));
    const path = `/v1/workflows/bulk/${String(batch.id)}`;
    for (const [method, url] of [
      ['GET', path],
      ['GET', `${path}/rows`],
      ['GET', `${path}/events`],
      ['POST', `${path}/cancel`],
    ] as const) {
      const foreign = await product.client.request(method, url, { key });
      const unknown = await product.client.request(method, url.replace(batch.id, newId()));
      const noId = await product.client.request(method, url.replace(batch.id, 'x'));
      for (const answer of [foreign, unknown, noId])
        expect([url, answer.status, answer.body.code]).toEqual([url, 404, 'BATCH_NOT_FOUND']);
    }
    expect((await product.client.get('/v1/workflows/bulk', { key })).body.items).toEqual([]);
  });

  it('is listed, newest first, page by page', async () => {
    const all = (await product.client.get('/v1/workflows/bulk?limit=200')).body.items as {
      id: string;
      status: string;
    }[];
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    const page = await product.client.get('/v1/workflows/bulk?limit=2');
    const next = await product.client.get(
      `/v1/workflows/bulk?limit=2&cursor=${String(page.body.nextCursor)}`,
    );
    expect([...page.body.items, ...next.body.items].map(({ id }) => id)).toEqual(
      all.slice(0, 4).map(({ id }) => id),
    );
    const aborted = await product.client.get('/v1/workflows/bulk?status=ABORTED&limit=200');
    expect(aborted.body.items.map(({ id }: { id: string }) => id)).toEqual(
      all.filter(({ status }) => status === 'ABORTED').map(({ id }) => id),
    );
  });

  it('can be followed live until its last run has ended', async () => {
    const sent = await send(ndjsonOf(noteRows(5)));
    const { status, text } = await product.client.get(
      `/v1/workflows/bulk/${String(sent.body.batchId)}/events`,
    );
    expect(status).toBe(200);
    const views = [...text.matchAll(/^event: batch\.progress\ndata: (.+)$/gm)].map(([, data]) =>
      JSON.parse(data ?? ''),
    );
    expect(views.at(-1)).toMatchObject({
      id: sent.body.batchId,
      status: 'COMPLETED',
      runs: { completed: 5, open: 0 },
    });
  });
});

describe('what an upload holds', () => {
  it('stands nowhere in clear, and is erased when its rows are done', async () => {
    const search = new CanarySearch(
      PEOPLE.flatMap((person) => canariesOf({ name: person.name, email: person.email })),
    );
    const rows = PEOPLE.map(({ name, email }) => ({
      input: { text: `For ${name}`, to: [{ name, email }] },
      idempotencyKey: email,
    }));
    const content = `${ndjsonOf(rows)}{"${PEOPLE[0].name}"\n${JSON.stringify({ [PEOPLE[1].email]: PEOPLE[1].name })}\n`;
    const found = async () =>
      Object.entries(await databaseDump(product.database)).flatMap(([place, text]) =>
        search.findIn(text).map((finding) => `${place}: ${finding}`),
      );
    const sent = await send(content, { headers: { 'idempotency-key': PEOPLE[2].email } });
    expect(await found()).toEqual([]);
    const batch = await untilStarted(product.client, sent.body.batchId);
    expect(batch.rows).toMatchObject({ started: PEOPLE.length, failed: 2 });
    expect(await found()).toEqual([]);
    expect(await countOf('batch_row where sealed is not null')).toBe(0);
  });
});

describe('the documentation of bulk starts', () => {
  it('shows uploads that work', async () => {
    const page = await readFile('docs/bulk-start.md', 'utf8');
    const uploads = [...page.matchAll(/^cat > rows\.(csv|ndjson) <<'END'\n(.+?)^END$/gms)];
    expect(uploads.map(([, format]) => format)).toEqual(['csv', 'ndjson']);
    const sessionId = await openSession(product.client);
    for (const [, format, content = ''] of uploads) {
      const batch = await sendAll(content, {
        query: { definition: 'email-campaign', sessionId },
        type: format === 'csv' ? 'text/csv' : 'application/x-ndjson',
      });
      expect(batch).toMatchObject({ status: 'COMPLETED', rows: { total: 2, started: 2 } });
    }
    expect((await product.client.get('/v1/workflows?attribute.crm=c-2')).body.items).toHaveLength(3);
  });
});

describe('other routes', () => {
  it('take no uploads', async () => {
    const answer = await product.client.request('POST', '/v1/workflows', {
      rawBody: ndjsonOf(noteRows(1)),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect([answer.status, answer.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });
});
