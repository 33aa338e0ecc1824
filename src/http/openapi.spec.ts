import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../../test/harness/http-application.fake.js';
import { ThingsController } from '../../test/harness/things.fake.js';

describe('the OpenAPI document', () => {
  let test: TestApplication;
  beforeAll(async () => {
    test = await startTestApplication({ controllers: [ThingsController] });
  });
  afterAll(() => test.app.close());

  it('is 3.1, versioned, and asks for a key', async () => {
    const document = (await test.app.inject({ url: '/openapi.json' })).json();
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Countersign', version: test.config.instance.version },
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    });
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/v1/things/{id}', '/health/ready']));
    expect(document.paths).not.toHaveProperty('/metrics');
  });

  it('says on every operation that it may answer a problem', async () => {
    const document = (await test.app.inject({ url: '/openapi.json' })).json();
    for (const path of Object.values<Record<string, { responses: object }>>(document.paths)) {
      for (const operation of Object.values(path)) {
        expect(operation.responses).toHaveProperty(['default', 'content', 'application/problem+json']);
      }
    }
    expect(document.components.schemas.Problem.required).toContain('code');
  });

  it('has a page that may load its own scripts and nothing else', async () => {
    const page = await test.app.inject({ url: '/docs' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    expect((await test.app.inject({ url: '/docs/swagger-ui-bundle.js' })).statusCode).toBe(200);
    expect(page.body).not.toMatch(/<script>/);
    const elsewhere = await test.app.inject({ url: '/docsx' });
    expect(elsewhere.headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
  });
});
