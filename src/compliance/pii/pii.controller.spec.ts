import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { VersioningType } from '@nestjs/common';
import { getConfigToken } from '@nestjs/config';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemFilter } from '../../http/problem.filter.js';
import type { Metrics } from '../../observability/metrics.js';
import { dtoValidationPipe } from '../../http/validation.pipe.js';
import { PiiController } from './pii.controller.js';
import { PiiService } from './pii.service.js';

const metrics = { errorAnswered: () => undefined } as unknown as Metrics;

describe('the PII routes', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    const module = await Test.createTestingModule({
      controllers: [PiiController],
      providers: [PiiService, { provide: getConfigToken('vault'), useValue: { kek: Buffer.alloc(32, 3) } }],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter({ bodyLimit: 16_777_216 }));
    app.enableVersioning({ type: VersioningType.URI });
    app.useGlobalPipes(dtoValidationPipe());
    app.useGlobalFilters(new ProblemFilter(metrics));
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('preHandler', async (request) => {
        Object.assign(request, {
          principal: { id: 'p', tenantId: 't', roles: ['operator'], authMethod: 'api_key' },
        });
      });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => app.close());

  const post = async (path: string, payload: object) => {
    const { statusCode, body } = await app.inject({ method: 'POST', url: `/v1/pii/${path}`, payload });
    return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> };
  };

  it('detects in each text', async () => {
    expect(await post('detect', { texts: ['Write to jane@example.com', 'nothing'] })).toEqual({
      status: 200,
      body: { results: [[{ entity: 'EMAIL', start: 9, end: 25, score: 0.95 }], []] },
    });
  });

  it('are described for clients', () => {
    const { components } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(Object.keys(components?.schemas ?? {})).toEqual(
      expect.arrayContaining([
        'DetectPiiDto',
        'RedactPiiDto',
        'DetectedPiiDto',
        'RedactedPiiDto',
        'PiiFindingDto',
      ]),
    );
  });

  it('redacts with each operator', async () => {
    const texts = ['Write to jane@example.com'];
    expect((await post('redact', { texts, operator: 'replace' })).body).toEqual({
      results: [
        { text: 'Write to <EMAIL>', findings: [{ entity: 'EMAIL', start: 9, end: 16, score: 0.95 }] },
      ],
    });
    expect((await post('redact', { texts, operator: 'mask' })).body).toMatchObject({
      results: [{ text: 'Write to j***@e***' }],
    });
    expect((await post('redact', { texts, operator: 'hash' })).body).toMatchObject({
      results: [{ text: expect.stringMatching(/^Write to <EMAIL:[0-9a-f]{32}>$/) as string }],
    });
  });

  it.each([
    [{}],
    [{ texts: 'x' }],
    [{ texts: [] }],
    [{ texts: [1] }],
    [{ texts: ['x'], extra: 1 }],
    [{ texts: Array.from({ length: 1_001 }, () => 'x') }],
  ])('refuses a malformed request (%#)', async (payload) => {
    const { status, body } = await post('detect', payload);
    expect([status, body['code']]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('refuses operators that need a vault', async () => {
    expect((await post('redact', { texts: ['x'], operator: 'tokenize' })).status).toBe(400);
  });

  it('refuses a text, and texts together, that are too large', async () => {
    const large = await post('detect', { texts: ['', 'x'.repeat(1_048_577)] });
    expect([large.status, large.body['code'], large.body['detail']]).toEqual([
      413,
      'TEXT_TOO_LARGE',
      expect.stringContaining('texts.1'),
    ]);
    const together = await post('detect', { texts: Array.from({ length: 11 }, () => ' '.repeat(1_000_000)) });
    expect([together.status, together.body['code']]).toEqual([413, 'TEXT_TOO_LARGE']);
  });
});

describe('PiiService', () => {
  it('lets others have their turn while it reads a large batch', async () => {
    const service = new PiiService({ kek: Buffer.alloc(32), kekSource: 'config', epochDays: 30 });
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    await service.detect(Array.from({ length: 40 }, () => 'some words '.repeat(6_000)));
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
  });
});
