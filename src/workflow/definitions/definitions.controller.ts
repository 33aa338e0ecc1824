import { Body, Controller, Get, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../../database/database.service.js';
import { ApiPage } from '../../http/api-page.js';
import { Idempotent } from '../../http/idempotent.js';
import type { Page } from '../../http/paging.js';
import { AppError } from '../../kernel/app-error.js';
import { DefinitionQuery, DefinitionSummaryDto } from './definition.dto.js';
import { agentStepsOf } from './definition-checks.js';
import { DefinitionStore, type StoredDefinition } from './definition-store.service.js';

@ApiTags('Workflow definitions')
@Controller({ path: 'workflow-definitions', version: '1' })
export class DefinitionsController {
  constructor(
    private readonly definitions: DefinitionStore,
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List workflow definitions in their newest versions' })
  @ApiPage(DefinitionSummaryDto)
  @RequirePermission('definitions.read')
  async list(@CurrentPrincipal() principal: Principal): Promise<Page<unknown>> {
    const stored = await this.database.withTenant(principal.tenantId, (trx) => this.definitions.list(trx));
    return { items: stored.map(summary), nextCursor: null };
  }

  @Get(':name')
  @ApiOperation({ summary: 'Show a definition with its phases and the JSON Schema of its input' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  @RequirePermission('definitions.read')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Query() query: DefinitionQuery,
  ): Promise<unknown> {
    const stored = await this.database.withTenant(principal.tenantId, (trx) =>
      this.definitions.get(trx, name, query.version),
    );
    return { ...stored.definition, source: stored.source, createdAt: stored.createdAt };
  }

  /** Adds a definition, or a new version of one: JSON, or YAML with `Content-Type: application/yaml`. */
  @Post()
  @ApiOperation({ summary: 'Add a definition, or a new version of one' })
  @ApiCreatedResponse({ type: DefinitionSummaryDto })
  @Idempotent()
  @ApiBody({
    description: 'A workflow definition (see its published JSON Schema)',
    schema: { type: 'object' },
  })
  @RequirePermission('definitions.write')
  async add(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (typeof body !== 'string' && (typeof body !== 'object' || body === null)) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ path: '', message: 'must be a workflow definition' }],
      });
    }
    const definition = this.definitions.parse(body);
    const answer = summary({ definition, source: 'tenant', createdAt: null });
    await this.database.withTenant(principal.tenantId, async (trx) => {
      await this.definitions.add(trx, principal.tenantId, definition);
      await this.audit.append(trx, principal.tenantId, {
        type: 'definition.created',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principal.id },
        targets: [{ type: 'definition', ref: `${definition.name}@${definition.version}` }],
        context: { requestId: request.id },
      });
      await request.idempotency?.store(trx, 201, answer);
    });
    return answer;
  }
}

function summary({ definition, source }: StoredDefinition) {
  const { name, version, title, description, purpose, phases } = definition;
  const agents = Object.values(phases).flatMap((phase) => agentStepsOf(phase).map((step) => step.agent));
  return { name, version, title, description, purpose, source, agents };
}
