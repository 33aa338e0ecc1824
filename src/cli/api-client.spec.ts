import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiClient } from './api-client.js';

describe('ApiClient', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function clientFor(handle: RequestListener, base = ''): Promise<ApiClient> {
    const server = createServer(handle);
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`, 'cs_dev_key');
  }

  it('a problem document is told with its code, its faults and the request it belongs to', async () => {
    const client = await clientFor((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({
          title: 'The request does not have the required form',
          status: 400,
          code: 'VALIDATION_FAILED',
          detail: 'Two fields are wrong',
          requestId: 'req-7',
          errors: [{ path: 'input.recipients.3.email', message: 'must be an e-mail address' }],
          violations: [{ rule: 'consent', tier: 'compliance', message: 'no consent covers 2 recipients' }],
        }),
      );
    });

    const error: unknown = await client.post('/v1/workflows', {}).catch((caught: unknown) => caught);

    expect(error).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
    expect((error as Error).message.split('\n')).toEqual([
      '400 VALIDATION_FAILED: The request does not have the required form',
      '  Two fields are wrong',
      '  input.recipients.3.email: must be an e-mail address',
      '  consent: no consent covers 2 recipients',
      '  request req-7',
    ]);
  });

  it('an error page of something in between still tells its status', async () => {
    const client = await clientFor((_request, response) => response.writeHead(502).end('<html>'));

    await expect(client.get('/v1/me')).rejects.toThrow('502: Bad Gateway');
  });

  it('a page instead of JSON is said to be no Countersign server', async () => {
    const client = await clientFor((_request, response) => response.end('<html>'));

    await expect(client.get('/v1/me')).rejects.toThrow('did not answer with JSON');
  });

  it('a server that is not there is named', async () => {
    const client = await clientFor(() => undefined);
    for (const server of servers.splice(0)) server.close();

    await expect(client.get('/v1/me')).rejects.toThrow(
      /The server http:\S+ cannot be reached \(ECONNREFUSED\)/,
    );
  });

  it('a redirect is not followed, so the key goes nowhere else', async () => {
    const client = await clientFor((_request, response) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    );

    await expect(client.get('/v1/me')).rejects.toThrow('cannot be reached');
  });

  it('a server below a path keeps its path', async () => {
    const paths: (string | undefined)[] = [];
    const client = await clientFor((request, response) => {
      paths.push(request.url);
      response.end('{}');
    }, '/countersign/');

    await client.get('/v1/me');

    expect(paths).toEqual(['/countersign/v1/me']);
  });

  it('every post carries its own idempotency key, and no body where there is none', async () => {
    const seen: (string | undefined)[][] = [];
    const client = await clientFor((request, response) => {
      const { headers } = request;
      seen.push([headers['idempotency-key']?.toString(), headers['content-type'], headers.authorization]);
      response.end('{}');
    });

    await client.post('/v1/audit/verify');
    await client.post('/v1/sessions', {});

    expect(seen[0]?.slice(1)).toEqual([undefined, 'Bearer cs_dev_key']);
    expect(seen[1]?.slice(1)).toEqual(['application/json', 'Bearer cs_dev_key']);
    expect(seen[0]?.[0]).toBeTruthy();
    expect(seen[0]?.[0]).not.toBe(seen[1]?.[0]);
  });

  it('a list is read to its last page', async () => {
    const client = await clientFor((request, response) => {
      const cursor = new URL(request.url ?? '', 'http://x').searchParams.get('cursor');
      response.end(
        JSON.stringify(
          cursor === 'two' ? { items: [3], nextCursor: null } : { items: [1, 2], nextCursor: 'two' },
        ),
      );
    });

    expect(await client.list<number>('/v1/things')).toEqual([1, 2, 3]);
  });
});
