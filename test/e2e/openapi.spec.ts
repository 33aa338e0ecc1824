import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Product, startProduct } from '../harness/product.js';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<string, { readonly description?: string; readonly content?: object }>;
}

let product: Product;
let document: {
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  security: object[];
};
let operations: [name: string, operation: Operation][];

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  document = (await product.client.get('/openapi.json')).body;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
});
afterAll(() => product.close());

/** The names of the operations that are not as they should be. */
function without(isDescribed: (operation: Operation, name: string) => boolean): string[] {
  return operations.filter(([name, operation]) => !isDescribed(operation, name)).map(([name]) => name);
}

describe('the description of the API', () => {
  it('says of every operation what it does, under a heading that the page knows', () => {
    expect(operations.length).toBeGreaterThan(30);
    const headings = new Set(document.tags.map((tag) => tag.name));
    expect(without(({ summary }) => Boolean(summary))).toEqual([]);
    expect(without(({ tags }) => tags?.length === 1 && headings.has(tags[0] ?? ''))).toEqual([]);
  });

  it('says of every success what it means and what it holds', () => {
    const isTold = ([status, { description, content }]: [string, Operation['responses'][string]]) =>
      Boolean(description) && (status === '204' || content !== undefined);
    expect(without(({ responses }) => Object.entries(responses).every(isTold))).toEqual([]);
    expect(
      without(({ responses }) => Object.keys(responses).some((status) => status.startsWith('2'))),
    ).toEqual([]);
  });

  it('says of every operation that it may answer a problem', () => {
    expect(without(({ responses }) => responses['default'] !== undefined)).toEqual([]);
  });

  it('says what the body of a POST or PUT is, unless the path says all', () => {
    const isWithoutBody = (name: string) =>
      /\/(?:bulk\/\{\w+\}\/cancel|retry|verify|test|redeliver|restriction|instance\/keys)$/.test(name);
    const takesBody = (name: string) => /^(?:POST|PUT|PATCH) /.test(name) && !isWithoutBody(name);
    expect(without(({ requestBody }, name) => (requestBody !== undefined) === takesBody(name))).toEqual([]);
  });

  it('asks for a key where the server does, and nowhere else', async () => {
    expect(document.security).toEqual([{ bearer: [] }]);
    const open: string[] = [];
    for (const [name, { security }] of operations) {
      const [method = '', path = ''] = name.split(' ');
      const url = new URL(path.replaceAll(/\{\w+\}/g, 'x'), await product.app.getUrl());
      const { status } = await fetch(url, { method });
      expect([name, status === 401]).toEqual([name, security?.length !== 0]);
      if (security?.length === 0) open.push(path);
    }
    expect(open.every((path) => /^\/(?:health|live|ready)/.test(path))).toBe(true);
  });
});

describe('the bare address', () => {
  it('leads to the documentation, without a key', async () => {
    const answer = await fetch(new URL('/', await product.app.getUrl()), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
  });
});
