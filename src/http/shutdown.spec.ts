import { Agent, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Readiness } from '../health/readiness.js';
import { startTestApplication, type TestApplication } from '../../test/harness/http-application.fake.js';
import { StreamsController } from '../../test/harness/streams.fake.js';

describe('shutdown', () => {
  let test: TestApplication;
  let port: number;
  let agent: Agent;
  beforeEach(async () => {
    test = await startTestApplication({ controllers: [StreamsController] });
    await test.app.listen(0, '127.0.0.1');
    port = Number(new URL(await test.app.getUrl()).port);
    agent = new Agent({ keepAlive: true });
  });
  afterEach(async () => {
    agent.destroy();
    await test.app.close();
  });

  interface Answer {
    status: number | undefined;
    connection: string | undefined;
    body: string;
  }

  function get(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', path, agent }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode, connection: response.headers.connection, body }),
        );
      })
        .on('error', reject)
        .end();
    });
  }

  it('answers what is under way, refuses what is new, and keeps no connection', async () => {
    const streams = test.app.get(StreamsController);
    const underWay = get('/streams/slow');
    await streams.slowStarted.promise;
    // Held in the first shutdown hook, where a real application drains its jobs.
    const { promise: drained, resolve: letGo } = Promise.withResolvers<void>();
    const hooked = Promise.withResolvers<void>();
    Object.assign(streams, {
      onModuleDestroy: async () => {
        hooked.resolve();
        await drained;
      },
    });
    const closed = test.app.close();
    await hooked.promise;
    const refused = await get('/health/ready');
    letGo();
    streams.slowMayEnd.resolve();

    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body)).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      instance: '/health/ready',
    });
    expect(await underWay).toMatchObject({ status: 200, connection: 'close', body: '{"isDone":true}' });
    await closed;
    expect(test.app.get(Readiness).isDraining).toBe(true);
  });

  it('does not wait for clients that merely keep their connection', async () => {
    expect((await get('/health/live')).status).toBe(200);
    await test.app.close();
    await expect(get('/health/live')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
  });
});
