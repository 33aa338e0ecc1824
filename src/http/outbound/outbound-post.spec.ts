import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { postOnce } from './outbound-post.js';
import { publicLookup } from './public-address.js';

describe('postOnce', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
    server = createServer(handle);
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  const post = (url: URL, parts: Partial<Parameters<typeof postOnce>[1]> = {}) =>
    postOnce(url, {
      body: Buffer.from('{}'),
      headers: {},
      lookup: undefined,
      signal: AbortSignal.timeout(20_000),
      ...parts,
    });

  it('tells status and size of an answer', async () => {
    const url = await listen((_request, response) => response.writeHead(418).end('short and stout'));
    expect(await post(url)).toEqual({ kind: 'answered', status: 418, responseBytes: 15 });
  });

  it('stops listening to an answer without an end', async () => {
    const url = await listen((_request, response) => {
      const chunk = Buffer.alloc(16_384);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.writeHead(200).on('drain', more);
      more();
    });
    const outcome = await post(url);
    expect(outcome).toMatchObject({ kind: 'answered', status: 200 });
    expect(outcome.kind === 'answered' && outcome.responseBytes).toBeLessThan(1_048_576);
  });

  it('takes the status of an answer that never ends for the answer', async () => {
    const url = await listen((_request, response) => void response.writeHead(202).write('and then'));
    expect(await post(url)).toEqual({ kind: 'answered', status: 202, responseBytes: 8 });
  });

  it('connects to the address that was checked, and to no other', async () => {
    const url = await listen((_request, response) => response.end());
    url.hostname = 'rebinding.example.com';
    let lookups = 0;
    const lookup = publicLookup((_hostname, done) => {
      lookups++;
      done(null, [{ address: lookups === 1 ? '127.0.0.1' : '1.1.1.1', family: 4 }]);
    });
    expect(await post(url, { lookup })).toEqual({ kind: 'fault', code: 'PRIVATE_ADDRESS', begun: false });
    expect(lookups).toBe(1);
  });

  it('tells that the signal came first', async () => {
    const url = await listen(() => undefined);
    const stop = new AbortController();
    const outcome = post(url, { signal: stop.signal });
    stop.abort();
    expect(await outcome).toMatchObject({ kind: 'fault', code: 'ABORT_ERR' });
  });
});
