import { gzipSync } from 'node:zlib';
import { PHASES } from '../../src/compliance/state/phases.js';
import { BRIEF, recipients, SENDER } from './campaign.js';
import type { HttpClient, TestAnswer } from './http-client.js';

/** What an upload asks for beside its rows. */
export interface UploadOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly gzip?: boolean;
  readonly key?: string;
}

/** Sends rows as they are. */
export function upload(
  client: HttpClient,
  body: string | Buffer | ReadableStream<Uint8Array>,
  { query, type = 'application/x-ndjson', headers, gzip, key }: UploadOptions = {},
): Promise<TestAnswer> {
  const bytes =
    body instanceof ReadableStream ? body : new Uint8Array(gzip ? gzipSync(body) : Buffer.from(body));
  return client.request('POST', `/v1/workflows/bulk?${new URLSearchParams(query).toString()}`, {
    key,
    rawBody: bytes,
    headers: { 'content-type': type, ...(gzip && { 'content-encoding': 'gzip' }), ...headers },
  });
}

/** Rows of which each starts a campaign to one person. */
export function campaignRows(count: number): object[] {
  const people = recipients(count);
  return people.map((person) => ({ input: { brief: BRIEF, sender: SENDER, recipients: [person] } }));
}

export function ndjsonOf(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Waits until nothing of a batch is left to start, and gives it. */
export async function untilStarted(
  client: HttpClient,
  id: string,
  timeoutMs = 60_000,
): Promise<TestAnswer['body']> {
  const path = `/v1/workflows/bulk/${id}`;
  return (await client.until(path, ({ body }) => body.completedAt !== null, timeoutMs)).body;
}

/** A workflow without agents, whose runs end by themselves. */
const NOTE = {
  name: 'quick-note',
  version: 1,
  title: 'A note that nobody reads',
  purpose: 'note',
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['text', 'to'],
    properties: {
      text: { type: 'string', minLength: 3 },
      to: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'email'],
          properties: { name: { type: 'string' }, email: { type: 'string', format: 'email' } },
        },
      },
    },
  },
  subjects: { recipients: '$.input.to' },
  phases: Object.fromEntries(PHASES.map((phase) => [phase, {}])),
};

/** Adds the note and opens a session for it; what an upload of notes is sent with. */
export async function prepareNotes(client: HttpClient): Promise<Record<string, string>> {
  const added = await client.post('/v1/workflow-definitions', NOTE);
  if (added.status !== 201) throw new Error(added.text);
  const consents = [{ subject: '*', purpose: NOTE.purpose, lawfulBasis: 'contract', granted: true }];
  const session = await client.post('/v1/sessions', { consents });
  return { definition: NOTE.name, sessionId: session.body.id as string };
}

/** Rows of which each is a note to one person, with an attribute to find its run by. */
export function noteRows(count: number, origin = 'note'): { input: object; attributes?: object }[] {
  return recipients(count).map(({ name, email }, index) => ({
    input: { text: `For ${name}`, to: [{ name, email }] },
    attributes: { origin: `${origin}-${index}` },
  }));
}
