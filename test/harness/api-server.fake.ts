import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

// Imports nothing of the product: a test also runs this file by itself as the server of a child process.

export const FAKE_KEY = 'cs_test_fake-admin-key-0000';
const RUN_ID = '0198c0de-0000-7000-8000-000000000001';
const APPROVAL = { id: 'approval-1', runId: RUN_ID, contentHash: 'ab'.repeat(32), status: 'pending' };

export interface FakeApiOptions {
  /** Where approved messages are written, as the outbox does. */
  readonly dataDir?: string;
  /** The event stream breaks once behind the event of this id. */
  readonly breakBehind?: number;
  /** What the audit trail answers. */
  readonly auditValid?: boolean;
  /** How many of the messages are delivered. */
  readonly delivered?: number;
  /** A started run never shows a sign of life. */
  readonly stalled?: boolean;
  /** How a run ends once it is approved. */
  readonly end?: 'completed' | 'failed';
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

interface FakeRun {
  readonly input: { readonly recipients: readonly { name: string; email: string }[] };
  status: string;
}

/** A server that speaks as much of the REST contract as the command line needs. What it is not prepared for is a 404. */
export class FakeApi {
  /** Every request, in order. */
  readonly received: Received[] = [];

  url = '';

  private hasFailed = false;
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  private readonly events: { event: string; data: unknown }[] = [];

  private readonly listeners = new Set<() => void>();

  private run: FakeRun | undefined;

  private broken = false;

  private readonly options: FakeApiOptions;

  constructor(options: FakeApiOptions = {}) {
    this.options = options;
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => {
      this.server.listen(0, '127.0.0.1', done);
    });
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Says that something happened to the run. */
  emit(event: string, data: unknown = {}): void {
    this.events.push({ event, data });
    if (event === 'workflow.failed' || event === 'workflow.retried')
      this.hasFailed = event === 'workflow.failed';
    for (const listener of this.listeners) listener();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const received = {
      method: request.method ?? '',
      path: (request.url ?? '').split('?', 1)[0] ?? '',
      query: Object.fromEntries(new URL(request.url ?? '', 'http://api').searchParams),
      key: (request.headers.authorization ?? '').replace('Bearer ', ''),
      headers: request.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    this.received.push(received);
    if (!received.key.startsWith('cs_test_'))
      return problem(response, 401, 'UNAUTHENTICATED', 'A valid API key is required');
    const route = `${received.method} ${received.path.replace(RUN_ID, ':id')}`;
    if (route === 'GET /v1/workflows/:id/events') return this.stream(request, response);
    const [status, body] = this.reply(route, received);
    response.writeHead(status, {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  }

  private reply(route: string, { key, body, query }: Received): [status: number, body: unknown] {
    switch (route) {
      case 'GET /v1/me':
        return [200, { id: 'principal-1', tenantId: 'tenant-1', roles: ['admin'], authMethod: 'api_key' }];
      case 'POST /v1/api-keys':
        return [201, { id: 'key-2', ...(body as object), key: 'cs_test_fake-reviewer-key' }];
      case 'DELETE /v1/api-keys/key-2':
        return [204, undefined];
      case 'GET /v1/workflow-definitions/email-campaign':
        return [200, { name: 'email-campaign', version: 1, purpose: 'e-mailing' }];
      case 'POST /v1/sessions':
        return [201, { id: 'session-1', ...(body as object) }];
      case 'POST /v1/workflows':
        return this.start(body as { input: FakeRun['input'] });
      case 'GET /v1/workflows/:id':
        return [200, this.runBody()];
      case 'GET /v1/workflows/:id/artifacts':
        return [200, { items: [this.artifact()], nextCursor: null }];
      case 'GET /v1/workflows/:id/approvals':
        return [200, { items: [APPROVAL], nextCursor: null }];
      case 'GET /v1/workflows/:id/history':
        return [200, { items: HISTORY, nextCursor: null }];
      case 'POST /v1/workflows/:id/approvals':
        return this.decide(key, (body as { decision: string }).decision);
      case 'POST /v1/audit/verify':
        return [200, this.verdict()];
      case 'GET /v1/audit/export':
        return [200, { kind: 'header', filters: query }];
      default:
        return [
          404,
          {
            title: 'There is nothing at this path',
            status: 404,
            code: 'ROUTE_NOT_FOUND',
            requestId: 'req-1',
          },
        ];
    }
  }

  private start({ input }: { input: FakeRun['input'] }): [number, unknown] {
    this.run = { input, status: 'WAITING_FOR_APPROVAL' };
    if (this.options.stalled) return [202, this.runBody()];
    const total = input.recipients.length;
    this.emit('workflow.started');
    this.emit('phase.entered', { phase: 'INITIALIZATION' });
    this.emit('agent.completed', { agent: 'requirements_agent', durationMs: 12, degraded: false });
    this.emit('phase.entered', { phase: 'GENERATION' });
    for (let done = 1; done <= total; done += 1) {
      this.emit(done < total ? 'agent.progress' : 'agent.completed', {
        agent: 'email_generator',
        durationMs: 3,
        degraded: false,
        done,
        total,
      });
    }
    this.emit('phase.entered', { phase: 'REVIEW' });
    this.emit('approval.requested', { approvalId: APPROVAL.id, contentHash: APPROVAL.contentHash });
    return [202, this.runBody()];
  }

  private decide(key: string, decision: string): [number, unknown] {
    if (!this.run || this.run.status !== 'WAITING_FOR_APPROVAL') {
      return [409, { title: 'The run is not waiting for an approval', status: 409, code: 'RUN_NOT_WAITING' }];
    }
    this.emit('approval.recorded', { decision });
    const end = decision === 'approve' ? (this.options.end ?? 'completed') : 'rejected';
    this.run.status = end.toUpperCase();
    if (end === 'completed') this.deliver(this.run);
    this.emit(`workflow.${end}`, {});
    return [201, { ...APPROVAL, status: 'decided', actorId: key }];
  }

  private deliver({ input: { recipients } }: FakeRun): void {
    this.emit('phase.entered', { phase: 'DELIVERY' });
    this.emit('delivery.progress', {
      sent: recipients.length,
      failed: 0,
      uncertain: 0,
      total: recipients.length,
    });
    if (this.options.dataDir === undefined) return;
    const outbox = join(this.options.dataDir, 'outbox', RUN_ID);
    mkdirSync(outbox, { recursive: true });
    recipients.slice(0, this.options.delivered).forEach(({ name, email }, index) => {
      const head = `From: Sender <sender@example.com>\r\nTo: ${name} <${email}>\r\nSubject: Hello ${name}\r\n`;
      writeFileSync(
        join(outbox, `${index}.eml`),
        `${head}Message-ID: <${index}@example.com>\r\n\r\nDear ${name},\r\n`,
      );
    });
  }

  private verdict(): unknown {
    return this.options.auditValid === false
      ? { valid: false, checkedEvents: 41, faults: [{ eventId: 'event-7', fault: 'leaf hash differs' }] }
      : { valid: true, checkedEvents: 41, faults: [] };
  }

  private runBody(): unknown {
    return {
      id: RUN_ID,
      definition: 'email-campaign',
      version: 1,
      status: this.run?.status ?? (this.hasFailed ? 'FAILED' : 'COMPLETED'),
      phase: 'REVIEW',
      sessionId: 'session-1',
      degraded: false,
      contextData: {
        lastError: this.run?.status === 'FAILED' ? { code: 'AGENT_FAILED', message: 'no fallback' } : null,
      },
      usage: { inputTokens: 1200, outputTokens: 300, costUsd: 0.0123 },
      createdAt: '2030-01-01T00:00:00.000Z',
      completedAt: null,
    };
  }

  private artifact(): unknown {
    const emails = (this.run?.input.recipients ?? []).map((_recipient, index) => ({
      index,
      to: `⟦EMAIL_${index + 1}⟧`,
      subject: `Hello ⟦PERSON_${index + 1}⟧`,
      body: `Dear ⟦GIVEN_NAME_${index + 1}⟧,\n\nyour plan ends soon.`,
    }));
    return {
      id: 'artifact-1',
      kind: 'email-batch',
      version: 1,
      content: { emails, recipientCount: emails.length },
    };
  }

  private stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let next = Number(request.headers['last-event-id'] ?? 0);
    const write = (): void => {
      for (; next < this.events.length; next += 1) {
        if (next === this.options.breakBehind && !this.broken) {
          this.broken = true;
          this.listeners.delete(write);
          // What was written still arrives; the end of the stream does not.
          response.socket?.destroySoon();
          return;
        }
        const { event, data } = this.events[next] ?? { event: 'none', data: {} };
        response.write(`: heartbeat\nid: ${next + 1}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      }
    };
    this.listeners.add(write);
    request.once('close', () => this.listeners.delete(write));
    write();
  }
}

const HISTORY = [
  ['INITIALIZATION', 'requirements_agent', 0, 12],
  ['GENERATION', 'email_generator', 100, 400],
  ['GENERATION', 'email_generator', 200, 600],
].map(([phase, agent, start, end], index) => ({
  seq: index + 1,
  kind: 'step',
  phase,
  agent,
  attempt: 1,
  status: 'COMPLETED',
  durationMs: Number(end) - Number(start),
  startedAt: new Date(Number(start)).toISOString(),
  endedAt: new Date(Number(end)).toISOString(),
}));

function problem(response: ServerResponse, status: number, code: string, title: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title, status, code, requestId: 'req-1' }));
}
