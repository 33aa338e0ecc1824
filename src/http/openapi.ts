import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PROBLEM_MEDIA_TYPE } from './problem.js';

/** Serves the OpenAPI 3.1 document at `/openapi.json` and a page to read and try it at `/docs`. */
export function setupOpenApi(app: INestApplication, version: string): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app, version), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Countersign API',
    swaggerOptions: { persistAuthorization: false },
  });
}

/** The document itself, for tools that want it without a running server. */
function openApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Countersign')
    .setDescription(
      'Multi-agent LLM workflows: validated, free of personal data, approved and provably recorded.',
    )
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: cs_<env>_<random>' })
    .addSecurityRequirements('bearer');
  for (const tag of TAGS) builder.addTag(tag);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  return withProblems(document);
}

/** In the order a reader needs them. */
const TAGS = [
  'Sessions',
  'Workflow definitions',
  'Workflows',
  'Schedules',
  'Bulk starts',
  'Approvals',
  'Deliveries',
  'Webhooks',
  'Retention',
  'Audit',
  'Compliance',
  'Policies',
  'Safe mode',
  'Personal data',
  'Data subjects',
  'Agents',
  'Error recovery',
  'Identity',
  'Health',
] as const;

type Operation = { operationId?: string; responses?: Record<string, { description?: string }> };

/** Every operation may answer a problem, and a status says what it means; told once here instead of on each route. */
function withProblems(document: OpenAPIObject): OpenAPIObject {
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path as Record<string, Operation>)) {
      if (!operation?.responses) continue;
      // A route with two paths has its index in brackets, which generators of clients refuse.
      operation.operationId = operation.operationId?.replace(/\[(\d+)\]$/, (_whole, index) =>
        index === '0' ? '' : 'Alias',
      );
      for (const [status, response] of Object.entries(operation.responses)) {
        response.description ||= MEANING_OF_STATUS[status] ?? '';
      }
      operation.responses['default'] ??= PROBLEM_RESPONSE;
    }
  }
  return document;
}

const MEANING_OF_STATUS: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  204: 'Done; there is nothing to say',
};

const PROBLEM_RESPONSE = {
  description: 'A problem (RFC 9457)',
  content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
};

const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'instance', 'code', 'requestId'],
  properties: {
    type: { type: 'string', description: 'urn:countersign:error:<code>' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'Path of the request' },
    code: { type: 'string', description: 'Stable code of the error catalogue' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
    violations: {
      type: 'array',
      items: {
        type: 'object',
        required: ['rule', 'tier', 'message'],
        properties: { rule: { type: 'string' }, tier: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};
