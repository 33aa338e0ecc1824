/** What a test request asks for; the key is sent as a bearer token. */
export interface TestRequest {
  readonly key?: string;
  readonly body?: unknown;
  /** Sent as it is instead of `body`. */
  readonly rawBody?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; tests know what they asked for. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  readonly text: string;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A client over real HTTP. */
export class HttpClient {
  constructor(
    readonly address: string,
    private readonly defaultKey: string,
  ) {}

  async request(
    method: Method,
    path: string,
    { key, body, rawBody, headers }: TestRequest = {},
  ): Promise<TestAnswer> {
    const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(new URL(path, this.address), {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key ?? this.defaultKey}` }),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: sent,
      // A body that comes in pieces is sent before there is an answer.
      duplex: 'half',
    });
    const text = await response.text();
    const json = /\bjson\b/.test(response.headers.get('content-type') ?? '') && text !== '';
    return {
      url: response.url,
      status: response.status,
      headers: response.headers,
      body: json ? JSON.parse(text) : undefined,
      text,
    };
  }

  get(path: string, options?: TestRequest): Promise<TestAnswer> {
    return this.request('GET', path, options);
  }

  post(path: string, body?: unknown, options?: TestRequest): Promise<TestAnswer> {
    return this.request('POST', path, { ...options, body });
  }

  /** Asks until the answer is as wanted; fails with the last answer after a while. */
  async until(
    path: string,
    wanted: (answer: TestAnswer) => boolean | Promise<boolean>,
    timeoutMs = 30_000,
  ): Promise<TestAnswer> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const answer = await this.get(path);
      if (await wanted(answer)) return answer;
      if (Date.now() > deadline)
        throw new Error(`${path} did not become as wanted: ${answer.text.slice(0, 2_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
