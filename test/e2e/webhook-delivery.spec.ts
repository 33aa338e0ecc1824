import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { type Product, startProduct } from '../harness/product.js';

interface Received {
  readonly id: string | string[] | undefined;
  readonly body: {
    data: { from: unknown; to: { name: string; address: string }; subject: string; text: string };
  };
}

describe('delivery by webhook', () => {
  let product: Product;
  let receiver: Server;
  let url: string;
  const received: Received[] = [];

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as Received['body'];
    received.push({ id: request.headers['webhook-id'], body });
    response.writeHead(204).end();
  }

  beforeAll(async () => {
    receiver = createServer((request, response) => void receive(request, response));
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    product = await startProduct({ COUNTERSIGN__DELIVERY__WEBHOOK_ALLOW_PRIVATE: 'true' });
  });
  afterAll(async () => {
    await product.close();
    await new Promise((resolve) => receiver.close(resolve));
  });

  it('hands every message with its real values to an address that itself holds an IP', async () => {
    const people = recipients(3);
    const id = await campaignInReview(product.client, {
      count: 3,
      input: { delivery: { channel: 'webhook', url } },
    });
    expect((await product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' })).status).toBe(
      201,
    );
    const run = await untilEnded(product.client, id);
    expect(run).toMatchObject({ status: 'COMPLETED', output: { sent: 3, failed: 0 } });
    const byAddress = new Map(received.map((each) => [each.body.data.to.address, each]));
    expect([...byAddress.keys()].sort()).toEqual(people.map((person) => person.email).sort());
    for (const person of people) {
      const { data } = byAddress.get(person.email)?.body ?? {};
      expect(data).toMatchObject({
        from: { name: SENDER.name, address: SENDER.email },
        to: { name: person.name },
      });
      expect(data?.text).toContain(person.name.split(' ')[0]);
      expect(data?.text).not.toContain('⟦');
    }
    expect(new Set(received.map((each) => each.id)).size).toBe(3);
  });
});
