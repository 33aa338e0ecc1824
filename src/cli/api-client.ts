import { newId } from '../kernel/ids.js';
import type { Page } from './api-types.js';
import { CliError } from './cli-error.js';

/** An answer that is not the one asked for, said in the server's words. */
export class ApiError extends CliError {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string | undefined,
    message: string,
  ) {
    super(message);
  }
}

/** Talks to a server over its public REST API, as any other client would. */
export class ApiClient {
  constructor(
    readonly server: string,
    private readonly key: string,
  ) {}

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return json<T>(await this.request('GET', path, { signal }));
  }

  /** All items of a list, page after page. */
  async list<T>(path: string, signal?: AbortSignal): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null | undefined;
    do {
      const query = new URLSearchParams({ limit: '200', ...(cursor ? { cursor } : {}) }).toString();
      const page = await this.get<Page<T>>(`${path}?${query}`, signal);
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    return items;
  }

  /** Posts with an idempotency key of its own, or with that of the attempt it repeats. */
  async post<T>(path: string, body?: unknown, signal?: AbortSignal, idempotencyKey = newId()): Promise<T> {
    return json<T>(
      await this.request('POST', path, { body, signal, headers: { 'idempotency-key': idempotencyKey } }),
    );
  }

  async delete(path: string, signal?: AbortSignal): Promise<void> {
    await (await this.request('DELETE', path, { signal })).body?.cancel();
  }

  /** The bytes of an answer as they come. */
  async open(path: string, mediaType: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.request('GET', path, { signal, headers: { accept: mediaType } });
    if (!body) throw new CliError(`The server sent nothing for ${path}`);
    return body;
  }

  /** Opens a stream of Server-Sent Events behind the event last seen. */
  async openEvents(
    path: string,
    lastEventId: string,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const headers = { accept: 'text/event-stream', 'last-event-id': lastEventId };
    const { body } = await this.request('GET', path, { signal, headers });
    if (!body) throw new CliError(`The server sent no events for ${path}`);
    return body;
  }

  private async request(
    method: string,
    path: string,
    options: { body?: unknown; signal?: AbortSignal | undefined; headers?: Record<string, string> },
  ): Promise<Response> {
    const { body, signal } = options;
    let response: Response;
    try {
      response = await fetch(new URL(path.replace(/^\//, ''), this.server.replace(/\/*$/, '/')), {
        method,
        redirect: 'error',
        signal: signal ?? null,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
    } catch (error) {
      signal?.throwIfAborted();
      const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
      throw new CliError(
        `The server ${this.server} cannot be reached (${cause?.code ?? (error as Error).message})`,
        {
          cause: error,
        },
      );
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly requestId?: string;
  readonly errors?: readonly { path: string; message: string }[];
  readonly violations?: readonly { rule: string; message: string }[];
}

/** Makes a problem document (RFC 9457) readable; anything else still tells its status. */
async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  let problem: Problem = {};
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    // Not ours: a proxy's page, for example. Its status is all there is to say.
  }
  const { title = response.statusText, detail, code, requestId, errors = [], violations = [] } = problem;
  const lines = [
    `${[response.status, code].filter(Boolean).join(' ')}: ${title}`,
    ...(detail && detail !== title ? [`  ${detail}`] : []),
    ...errors.map(({ path, message }) => `  ${path}: ${message}`),
    ...violations.map(({ rule, message }) => `  ${rule}: ${message}`),
    ...(requestId ? [`  request ${requestId}`] : []),
  ];
  return new ApiError(response.status, code, lines.join('\n'));
}

async function json<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (error) {
    throw new CliError('The server did not answer with JSON; is this the address of a Countersign server?', {
      cause: error,
    });
  }
}
