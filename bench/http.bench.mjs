// Starts of runs at a steady rate: how long each is waited for while the same process drives what was started.
import autocannon from 'autocannon';
import { campaign, openSession, withProduct } from './bench-product.mjs';

export const options = {
  rate: { type: 'string', default: '100' },
  seconds: { type: 'string', default: '10' },
};

export function main(values) {
  return withProduct((product) => measure(product, values));
}

async function measure(product, values) {
  const body = { definition: 'email-campaign', sessionId: await openSession(product), input: campaign(3) };
  const result = await autocannon({
    url: new URL('/v1/workflows', product.address).href,
    method: 'POST',
    headers: { authorization: `Bearer ${product.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    connections: 10,
    overallRate: Number(values.rate),
    duration: Number(values.seconds),
  });
  return {
    'starts/s asked for / answered': `${values.rate} / ${result.requests.average.toFixed(1)}`,
    'start, P50 / P97.5 ms': `${result.latency.p50} / ${result.latency.p97_5}`,
    'accepted / refused / without an answer': `${result['2xx']} / ${result.non2xx} / ${result.errors}`,
  };
}
