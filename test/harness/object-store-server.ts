import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

const REGION = 'eu-central-1';
const KEY_ID = 'AKIDEXAMPLE';
const SECRET = 'not-a-real-secret';

interface StoredObject {
  readonly body: string;
  /** Until when it may neither be replaced nor deleted, where the request said so. */
  readonly lockedUntil: string | undefined;
}

/** As much of S3 as keeps objects: conditional PUT, GET, ListObjectsV2, Object Lock, and Signature Version 4. */
export class ObjectStoreServer {
  /** By path, bucket and folder included. */
  readonly objects = new Map<string, StoredObject>();
  /** Whether every request is refused. */
  isDown = false;
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** Settings of the product for this store. */
  get env(): Record<string, string> {
    const { port } = this.server.address() as AddressInfo;
    return {
      COUNTERSIGN__AUDIT__OBJECT_STORE_URL: `http://127.0.0.1:${port}/anchors`,
      COUNTERSIGN__AUDIT__OBJECT_STORE_REGION: REGION,
      COUNTERSIGN__AUDIT__OBJECT_STORE_KEY_ID: KEY_ID,
      COUNTERSIGN__AUDIT__OBJECT_STORE_SECRET: SECRET,
    };
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { status, answer } = this.answerTo(request, body);
    response.writeHead(status, { 'content-type': 'application/xml' }).end(answer);
  }

  private answerTo(request: IncomingMessage, body: string): { status: number; answer: string } {
    if (this.isDown) return { status: 503, answer: '<Error><Code>SlowDown</Code></Error>' };
    if (!isSigned(request, body)) {
      return { status: 403, answer: '<Error><Code>SignatureDoesNotMatch</Code></Error>' };
    }
    const url = new URL(request.url ?? '/', 'http://store');
    const key = decodeURIComponent(url.pathname);
    if (url.searchParams.get('list-type') === '2') {
      const prefix = `/${url.searchParams.get('prefix')}`;
      const after = `/${url.searchParams.get('start-after')}`;
      const found = [...this.objects.keys()].filter((name) => name.startsWith(prefix) && name > after);
      const contents = found.map((name) => `<Contents><Key>${name.slice(1)}</Key></Contents>`).join('');
      return { status: 200, answer: `<ListBucketResult>${contents}</ListBucketResult>` };
    }
    const stored = this.objects.get(key);
    if (request.method === 'GET') {
      return stored
        ? { status: 200, answer: stored.body }
        : { status: 404, answer: '<Error><Code>NoSuchKey</Code></Error>' };
    }
    if (stored && request.headers['if-none-match'] === '*') {
      return { status: 412, answer: '<Error><Code>PreconditionFailed</Code></Error>' };
    }
    if (request.headers['x-amz-checksum-sha256'] !== sha256(body).toString('base64')) {
      return { status: 400, answer: '<Error><Code>BadDigest</Code></Error>' };
    }
    const until = request.headers['x-amz-object-lock-retain-until-date'];
    this.objects.set(key, { body, lockedUntil: until as string | undefined });
    return { status: 200, answer: '' };
  }
}

const sha256 = (data: string) => createHash('sha256').update(data).digest();
const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest();

/** Whether a request is signed by the one key there is (AWS Signature Version 4). */
function isSigned({ method, url, headers }: IncomingMessage, body: string): boolean {
  const [, scope = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const [keyId, day = '', region, service, end] = scope.split('/');
  if (keyId !== KEY_ID || region !== REGION || service !== 's3' || end !== 'aws4_request') return false;
  const signed = names.split(';');
  // What decides over an object must not be changed on its way.
  const mustBeSigned = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  if (!mustBeSigned.every((name) => signed.includes(name))) return false;
  const digest = headers['x-amz-content-sha256'] as string;
  if (digest !== 'UNSIGNED-PAYLOAD' && digest !== sha256(body).toString('hex')) return false;
  const { pathname, searchParams } = new URL(url ?? '/', 'http://store');
  const query = [...searchParams]
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .toSorted()
    .join('&');
  const canonical = [
    method,
    pathname,
    query,
    ...signed.map((name) => `${name}:${headers[name] as string}`),
    '',
    names,
    digest,
  ].join('\n');
  const toSign = [
    'AWS4-HMAC-SHA256',
    headers['x-amz-date'],
    [day, region, service, end].join('/'),
    sha256(canonical).toString('hex'),
  ].join('\n');
  const key = [region, service, end].reduce((made, part) => hmac(made, part), hmac(`AWS4${SECRET}`, day));
  return hmac(key, toSign).toString('hex') === signature;
}
